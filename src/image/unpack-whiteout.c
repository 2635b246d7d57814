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

int unpack_make_opaque_directory(int dir, const char *name) {
        _cleanup_close_ int fd = -1;

        if (unlinkat(dir, name, 0) < 0 || mkdirat(dir, name, 0755) < 0)
                return -errno;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 || fsetxattr(fd, OVERLAY_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
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

/* What is there already is of this layer, and stands; a directory of it hides what is below from now on. */
static int hide(UnpackPlace *p, const char *name) {
        _cleanup_close_ int fd = -1;
        int dir = unpack_here(p)->fd;

        if (mknodat(dir, name, S_IFCHR, 0) >= 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
        return fsetxattr(fd, OVERLAY_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}

int unpack_whiteout(UnpackPlace *p, const char *name, bool *is_top_opaque) {
        const char *hidden = name + strlen(PREFIX);
        int r = 0;

        if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
                return 0;
        if (p->below < 0)
                return 1;
        if (strcmp(name, OPAQUE) == 0) {
                if (p->n == 1)
                        *is_top_opaque = true;
                else if (fsetxattr(unpack_here(p)->fd, OVERLAY_OPAQUE, "y", 1, 0) < 0)
                        r = -errno;
        } else if (strncmp(hidden, PREFIX, strlen(PREFIX)) != 0) /* others of that kind are aufs's own, and mean nothing here */
                r = !*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0 ? -EINVAL : hide(p, hidden);
        return r < 0 ? r : 1;
}

int unpack_hide_all_below(const UnpackPlace *p) {
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
