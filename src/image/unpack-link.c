/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fd.h"
#include "unpack-job.h"
#include "unpack-whiteout.h"

/* Hard links: what they are of was made before, beneath the same top, and is found by a path that follows nothing. In a layer it may be a file
 * of the layers below: that is copied into this one first, as overlayfs does when such a link is made. */

typedef struct Target {
        const char *path; /* beneath the top */
        const char *name; /* its last component */
        int dir;          /* that it is in, O_PATH; -1: not found (yet) */
} Target;

static bool has_dots(const char *path) {
        for (const char *s = path; s; s = strchr(s, '/')) {
                s += *s == '/';
                if (strncmp(s, "..", 2) == 0 && (!s[2] || s[2] == '/'))
                        return true;
        }
        return false;
}

static int check_target(const UnpackJob *j, const ArchiveEntry *e, Target *ret, Error **reterr) {
        const char *path = unpack_beneath_prefix(j, e->target), *slash;

        if (!path || *e->target == '/')
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', which is not in its tree", e->path, e->target);
        if (has_dots(path))
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', and '..' could lead out of the tree", e->path, e->target);
        slash = strrchr(path, '/');
        *ret = (Target){ .path = path, .name = slash ? slash + 1 : path, .dir = -1 };
        if (!*ret->name || strcmp(ret->name, ".") == 0)
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', which is a directory", e->path, e->target);
        return 0;
}

/* -ENOENT, -ELOOP: there is a symbolic link on the way. */
static int open_directory_of(const UnpackPlace *p, const Target *t) {
        struct open_how how = {
                .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
        };
        size_t n = (size_t) (t->name - t->path); /* NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult): check_target() has set both */
        char path[ENTRY_PATH_MAX + 1];
        long fd;

        if (n > ENTRY_PATH_MAX)
                return -ENAMETOOLONG;
        snprintf(path, sizeof(path), "%.*s", (int) n, n > 0 ? t->path : ".");
        fd = syscall(SYS_openat2, p->levels[0].fd, n > 0 ? path : ".", &how, sizeof(how));
        return fd < 0 ? -errno : (int) fd;
}

/* Its directories as well, with the attributes that they have below. */
static int copy_up(UnpackJob *j, const ArchiveEntry *e, const char *entry_path, const Target *t, Error **reterr) {
        UnpackPlace *p = &j->place;
        _cleanup_close_ int from = -1;
        int r = unpack_path(p, t->path, e->path, reterr);

        if (r < 0)
                return r;
        from = unpack_open_below(p, p->n_components, O_PATH);
        if (from < 0)
                return error_errno(reterr, from, "'%s' in the archive is a hard link of '%s', which cannot be found", e->path, e->target);
        r = unpack_enter(p, p->n_components - 1, e->path, reterr);
        if (r >= 0)
                r = copy_file(from, unpack_here(p)->fd, t->name, NULL, reterr);
        if (r >= 0)
                r = unpack_path(p, entry_path, e->path, reterr);
        return r < 0 ? r : unpack_enter(p, p->n_components - 1, e->path, reterr);
}

static bool is_same(int a_dir, const char *a, int b_dir, const char *b) {
        struct stat x, y;

        return fstatat(a_dir, a, &x, AT_SYMLINK_NOFOLLOW) >= 0 && fstatat(b_dir, b, &y, AT_SYMLINK_NOFOLLOW) >= 0 &&
               x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int make_link(UnpackJob *j, const Target *t) {
        const char *name = j->place.components[j->place.n_components - 1];
        int here = unpack_here(&j->place)->fd, r;

        if (linkat(t->dir, t->name, here, name, 0) >= 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        if (is_same(t->dir, t->name, here, name))
                return 0;
        r = unpack_clear(here, name);
        return r >= 0 && linkat(t->dir, t->name, here, name, 0) < 0 ? -errno : r;
}

static int find_and_link(UnpackJob *j, const Target *t) {
        _cleanup_close_ int dir = open_directory_of(&j->place, t);
        Target found = *t;

        found.dir = dir;
        return dir < 0 ? dir : make_link(j, &found);
}

int unpack_hard_link(UnpackJob *j, const ArchiveEntry *e, Error **reterr) {
        Target t;
        int r = check_target(j, e, &t, reterr);

        if (r < 0)
                return r;
        r = find_and_link(j, &t);
        if (r == -ENOENT && j->place.below >= 0) {
                r = copy_up(j, e, unpack_beneath_prefix(j, e->path), &t, reterr);
                if (r < 0)
                        return r;
                r = find_and_link(j, &t);
        }
        if (r == -ELOOP || r == -ENOTDIR)
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', which lies behind a symbolic link or a file", e->path, e->target);
        if (r == -ENOENT)
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', which has not come before it", e->path, e->target);
        if (r == -EPERM)
                return unpack_refuse(reterr, "'%s' in the archive is a hard link of '%s', which is a directory", e->path, e->target);
        return r < 0 ? unpack_failed(e->path, r, reterr) : 0;
}
