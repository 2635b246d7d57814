/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack-place.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "fd.h"
#include "layer.h"
#include "remove.h"
#include "unpack-whiteout.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

int unpack_refuse(Error **reterr, const char *fmt, ...) {
        _cleanup_free_ char *message = NULL;
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = vasprintf(&message, fmt, ap);
        va_end(ap);
        if (r < 0) {
                message = NULL;
                return error_oom(reterr);
        }
        error_set(reterr, EBADMSG, "%s", message);
        return error_hint(reterr, -EBADMSG, "No archive of a machine has such an entry: it is broken, or made to do harm. Nothing of it was kept.");
}

/* ---- levels ---- */

/* What the directory has by itself; an ACL only where one can be. */
static int look(const UnpackPlace *p, UnpackLevel *l, bool is_new) {
        struct stat st;

        if (fstat(l->fd, &st) < 0)
                return -errno;
        l->mtime = st.st_mtim;
        l->has_time = !is_new;
        l->is_setgid = st.st_mode & S_ISGID;
        l->has_default_acl = p->meets_acls && fgetxattr(l->fd, ACL_DEFAULT, NULL, 0) > 0;
        return 0;
}

static int leave_one(UnpackPlace *p) {
        UnpackLevel *l = &p->levels[--p->n];
        struct timespec times[2] = { l->mtime, l->mtime };
        int r = l->has_time && l->is_touched && futimens(l->fd, times) < 0 ? -errno : 0;

        l->fd = close_fd(l->fd);
        return r;
}

UnpackLevel *unpack_here(UnpackPlace *p) {
        UnpackLevel *l = &p->levels[p->n - 1];

        l->is_touched = true;
        return l;
}

int unpack_step(UnpackPlace *p, const char *name, bool is_new) {
        UnpackLevel *l = &p->levels[p->n];
        int r;

        *l = (UnpackLevel){ .fd = openat(p->levels[p->n - 1].fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };
        if (l->fd < 0)
                return -errno;
        strcpy(l->name, name); /* which the kernel has taken, so that it is no longer than a name may be */
        r = look(p, l, is_new);
        if (r < 0) {
                close_fd(l->fd);
                return r;
        }
        p->n++;
        return 0;
}

/* The directory that it is made in may have an ACL for whatever is, and the archive knows nothing of that. */
static int drop_acl(int fd, const char *which) {
        return fremovexattr(fd, which) < 0 && errno != ENODATA && errno != EOPNOTSUPP ? -errno : 0;
}

int unpack_drop_acls(int fd) {
        int r = drop_acl(fd, ACL_DEFAULT);

        return r < 0 ? r : drop_acl(fd, ACL_ACCESS);
}

int unpack_place_init(UnpackPlace *p, int top, Error **reterr) {
        int r;

        p->levels = calloc(UNPACK_DEPTH_MAX + 1, sizeof(*p->levels));
        p->path = malloc(ENTRY_PATH_MAX + 1);
        if (!p->levels || !p->path)
                return error_oom(reterr);
        p->levels[0].fd = fd_reopen(top, O_RDONLY | O_DIRECTORY);
        if (p->levels[0].fd < 0)
                return error_errno(reterr, p->levels[0].fd, "Cannot open the directory to unpack into");
        p->n = 1;
        r = p->is_layer ? 0 : unpack_drop_acls(p->levels[0].fd);
        if (r >= 0)
                r = look(p, &p->levels[0], true);
        return r < 0 ? error_errno(reterr, r, "Cannot prepare the directory to unpack into") : 0;
}

void unpack_place_done(UnpackPlace *p) {
        while (p->n > 0) {
                p->n--;
                close_fd(p->levels[p->n].fd);
        }
        free(p->levels);
        free(p->path);
}

int unpack_leave(UnpackPlace *p, Error **reterr) {
        int r = 0;

        while (p->n > 0 && r >= 0)
                r = leave_one(p);
        return r < 0 ? error_errno(reterr, r, "Cannot set the time of a directory") : 0;
}

/* ---- paths ---- */

static int add_component(UnpackPlace *p, const char *component, const char *whole, Error **reterr) {
        if (!*component || strcmp(component, ".") == 0)
                return 0;
        if (strcmp(component, "..") == 0)
                return unpack_refuse(reterr, "'%s' in the archive has '..' in it, which could lead out of the tree", whole);
        if (strlen(component) > NAME_MAX)
                return unpack_refuse(reterr, "'%.80s…' in the archive has a name of more than %d bytes", whole, NAME_MAX);
        if (p->n_components > UNPACK_DEPTH_MAX - 1)
                return unpack_refuse(reterr, "'%.80s…' in the archive lies in more than %d directories", whole, UNPACK_DEPTH_MAX - 1);
        p->components[p->n_components++] = component;
        return 0;
}

int unpack_path(UnpackPlace *p, const char *path, const char *whole, Error **reterr) {
        size_t size = strlen(path) + 1;
        char *rest = p->path, *component;
        int r = 0;

        p->n_components = 0;
        if (size > ENTRY_PATH_MAX + 1)
                return unpack_refuse(reterr, "'%.80s…' in the archive has a path of more than %u bytes", whole, ENTRY_PATH_MAX);
        memcpy(p->path, path, size);
        while (r >= 0 && (component = strsep(&rest, "/")))
                r = add_component(p, component, whole, reterr);
        return r;
}

int unpack_clear(int dir, const char *name) {
        if (unlinkat(dir, name, 0) >= 0 || errno == ENOENT)
                return 0;
        return errno == EISDIR ? remove_tree(dir, name) : -errno;
}

/* ---- directories on the way ---- */

static size_t shared_levels(const UnpackPlace *p, size_t n) {
        size_t i = 0;

        while (i < n && i + 1 < p->n && strcmp(p->levels[i + 1].name, p->components[i]) == 0)
                i++;
        return i;
}

/* That of the same path in the layers below, whose attributes overlayfs would have given it. No link is followed there either. */
static int take_from_below(const UnpackPlace *p, size_t depth) {
        _cleanup_close_ int from = unpack_open_below(p, depth + 1, O_PATH | O_DIRECTORY);

        if (from < 0)
                return 0;
        return directory_take_attributes(p->levels[depth + 1].fd, from);
}

/* Nothing lists it, or not before what is in it. */
static int make_missing(UnpackPlace *p, size_t depth) {
        const char *name = p->components[depth];
        UnpackLevel *here = unpack_here(p);
        int r;

        if (mkdirat(here->fd, name, 0755) < 0)
                return -errno;
        r = unpack_step(p, name, true);
        if (r >= 0 && here->has_default_acl)
                r = unpack_drop_acls(p->levels[depth + 1].fd);
        if (r >= 0 && here->is_setgid && (fchown(p->levels[depth + 1].fd, 0, 0) < 0 || fchmod(p->levels[depth + 1].fd, 0755) < 0))
                r = -errno;
        if (r >= 0 && p->below >= 0) {
                r = take_from_below(p, depth);
                if (r >= 0)
                        r = look(p, &p->levels[depth + 1], false);
        }
        return r;
}

/* Not a directory: a link would lead elsewhere, and everything else nowhere. */
static int refuse_way(const UnpackPlace *p, size_t depth, const char *whole, Error **reterr) {
        struct stat st;
        bool is_link = fstatat(p->levels[depth].fd, p->components[depth], &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISLNK(st.st_mode);

        return unpack_refuse(reterr, "'%s' in the archive lies behind '%s', which is %s there", whole, p->components[depth],
                             is_link ? "a symbolic link" : "no directory");
}

static int enter_one(UnpackPlace *p, size_t depth, const char *whole, Error **reterr) {
        const char *name = p->components[depth];
        int r = unpack_step(p, name, false);

        if (r == -ENOENT)
                r = make_missing(p, depth);
        if (r == -ENOTDIR && p->is_layer && unpack_is_whiteout(p->levels[depth].fd, name)) {
                r = unpack_make_opaque_directory(p, unpack_here(p)->fd, name);
                if (r >= 0)
                        r = unpack_step(p, name, true);
        }
        if (r == -ENOTDIR || r == -ELOOP)
                return refuse_way(p, depth, whole, reterr);
        return r < 0 ? error_errno(reterr, r, "Cannot make the directory '%s' of '%s' in the archive", name, whole) : 0;
}

int unpack_enter(UnpackPlace *p, size_t n, const char *whole, Error **reterr) {
        size_t shared = shared_levels(p, n);
        int r = 0;

        while (r >= 0 && p->n > shared + 1)
                r = leave_one(p);
        if (r < 0)
                return error_errno(reterr, r, "Cannot set the time of a directory");
        for (size_t i = shared; i < n; i++) {
                r = enter_one(p, i, whole, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
