/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack-whiteout.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "fd.h"

#define PREFIX ".wh."
#define OPAQUE ".wh..wh..opq"
#define OVERLAY_OPAQUE "trusted.overlay.opaque"

bool unpack_is_whiteout(int dir, const char *name) {
        struct stat st;

        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

int unpack_open_below(const UnpackPlace *p, size_t n, int flags) {
        struct open_how how = {
                .flags = (unsigned) flags | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
        };
        char path[ENTRY_PATH_MAX + 2] = ".";
        size_t length = 1;
        long fd;

        for (size_t i = 0; i < n; i++) {
                int more = snprintf(path + length, sizeof(path) - length, "/%s", p->components[i]);

                length += (size_t) more;
                if (length >= sizeof(path))
                        return -ENAMETOOLONG;
        }
        fd = syscall(SYS_openat2, p->below, path, &how, sizeof(how));
        return fd < 0 ? -errno : (int) fd;
}

/* Whether there is something to hide. overlayfs shows whiteouts in directories that it has in one layer only. */
static bool is_below(UnpackPlace *p, const char *hidden) {
        const char **last = &p->components[p->n_components - 1], *name = *last;
        _cleanup_close_ int fd = -1;

        *last = hidden;
        fd = unpack_open_below(p, p->n_components, O_PATH);
        *last = name;
        return fd >= 0;
}

static int make_opaque(UnpackPlace *p, int dir) {
        p->has_opaque = true;
        return fsetxattr(dir, OVERLAY_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

/* What is there already is of this layer, and stands; a directory of it hides what is below from now on. */
static int hide(UnpackPlace *p, const char *name) {
        _cleanup_close_ int fd = -1;
        int dir = unpack_here(p)->fd;

        p->has_whiteout = true;
        if (mknodat(dir, name, S_IFCHR, 0) >= 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
        return make_opaque(p, fd);
}

UnpackWhiteout unpack_whiteout_kind(UnpackPlace *p, const char *name) {
        const char *hidden = name + strlen(PREFIX);

        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                return WHITEOUT_NONE;
        if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
                return WHITEOUT_WRONG;
        if (p->below < 0)
                return WHITEOUT_OF_NOTHING;
        if (strcmp(name, OPAQUE) == 0)
                return WHITEOUT_OPAQUE;
        /* others with the prefix twice are aufs's own, and mean nothing here */
        return strncmp(hidden, PREFIX, strlen(PREFIX)) == 0 || !is_below(p, hidden) ? WHITEOUT_OF_NOTHING : WHITEOUT_NAME;
}

int unpack_whiteout(UnpackPlace *p, const char *name, UnpackWhiteout kind) {
        if (kind == WHITEOUT_NAME)
                return hide(p, name + strlen(PREFIX));
        if (p->n > 1)
                return make_opaque(p, unpack_here(p)->fd);
        p->is_top_opaque = true;
        return 0;
}

int unpack_make_opaque_directory(UnpackPlace *p, int dir, const char *name) {
        _cleanup_close_ int fd = -1;

        if (unlinkat(dir, name, 0) < 0 || mkdirat(dir, name, 0755) < 0)
                return -errno;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : make_opaque(p, fd);
}

/* overlayfs never hides the top directories of layers: what the archive wants hidden there is, one by one. */
static int hide_all_below(const UnpackPlace *p) {
        _cleanup_closedir_ DIR *d = fd_opendir(p->below, ".");
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && mknodat(p->levels[0].fd, e->d_name, S_IFCHR, 0) < 0 &&
                    errno != EEXIST)
                        return -errno;
        return errno ? -errno : 0;
}

static int clean_entry(int dir, const struct dirent *e, bool within);

/* Whiteouts beneath what is opaque hide nothing any more, and would be seen. */
static int clean_directory(int parent, const char *name, bool within) {
        _cleanup_closedir_ DIR *d = fd_opendir(parent, name);
        struct timespec times[2] = {};
        struct dirent *e;
        struct stat st;
        int r = 0, cleaned = 0;

        if (!d || fstat(dirfd(d), &st) < 0)
                return -errno;
        within = within || fgetxattr(dirfd(d), OVERLAY_OPAQUE, NULL, 0) > 0;
        while (r >= 0 && (errno = 0, e = readdir(d))) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                r = clean_entry(dirfd(d), e, within);
                cleaned += r > 0;
        }
        if (r < 0 || errno)
                return r < 0 ? r : -errno;
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        return cleaned > 0 && futimens(dirfd(d), times) < 0 ? -errno : 0;
}

/* 1: it is gone. */
static int clean_entry(int dir, const struct dirent *e, bool within) {
        if (e->d_type == DT_DIR)
                return clean_directory(dir, e->d_name, within);
        if (e->d_type != DT_CHR || !within) /* of devices there is nothing else here */
                return 0;
        return unlinkat(dir, e->d_name, 0) < 0 ? -errno : 1;
}

int unpack_finish_whiteouts(const UnpackPlace *p) {
        int r = p->has_opaque && p->has_whiteout ? clean_directory(p->levels[0].fd, ".", false) : 0;

        return r >= 0 && p->is_top_opaque ? hide_all_below(p) : r;
}
