/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer.h"

/* The top directory of an overlay is that of its upper layer, with all of its attributes: nothing shines through. So a new layer's gets
 * those of what it stands on, which is also how one knows later that nothing was written. */

#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "fd.h"

#define OVERLAY_PREFIX "trusted.overlay."

static bool is_overlays_own(const char *name) {
        return strncmp(name, OVERLAY_PREFIX, strlen(OVERLAY_PREFIX)) == 0;
}

/* Names, each with its NUL; their size, or -errno. The caller's. */
static ssize_t list_names(int fd, char **ret) {
        _cleanup_free_ char *names = malloc(XATTR_LIST_MAX);
        ssize_t n;

        if (!names)
                return -ENOMEM;
        n = flistxattr(fd, names, XATTR_LIST_MAX);
        if (n < 0)
                return errno == EOPNOTSUPP ? 0 : -errno;
        *ret = TAKE_PTR(names);
        return n;
}

static int copy_xattrs(int to, int from) {
        _cleanup_free_ char *names = NULL, *value = malloc(XATTR_SIZE_MAX);
        ssize_t n = list_names(from, &names);

        if (n < 0 || !value)
                return n < 0 ? (int) n : -ENOMEM;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                ssize_t size;

                if (is_overlays_own(name))
                        continue;
                size = fgetxattr(from, name, value, XATTR_SIZE_MAX);
                if (size < 0 && errno == ENODATA)
                        continue;
                if (size < 0 || fsetxattr(to, name, value, (size_t) size, 0) < 0)
                        return -errno;
        }
        return 0;
}

static int remove_other_xattrs(int to, int from) {
        _cleanup_free_ char *names = NULL;
        ssize_t n = list_names(to, &names);

        if (n < 0)
                return (int) n;
        for (const char *name = names; name < names + n; name += strlen(name) + 1)
                if (!is_overlays_own(name) && fgetxattr(from, name, NULL, 0) < 0 && errno == ENODATA &&
                    fremovexattr(to, name) < 0 && errno != ENODATA)
                        return -errno;
        return 0;
}

int directory_take_attributes(int to, int from) {
        _cleanup_close_ int target = fd_reopen(to, O_RDONLY | O_DIRECTORY), source = fd_reopen(from, O_RDONLY | O_DIRECTORY);
        struct stat st;
        int r;

        if (target < 0 || source < 0)
                return target < 0 ? target : source;
        if (fstat(source, &st) < 0 || fchown(target, st.st_uid, st.st_gid) < 0 || fchmod(target, st.st_mode & 07777) < 0)
                return -errno;
        r = remove_other_xattrs(target, source); /* a default ACL of where it was made */
        if (r >= 0)
                r = copy_xattrs(target, source);
        if (r < 0)
                return r;
        return futimens(target, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : 0;
}

/* 1: each of a's attributes is b's, too. */
static int xattrs_within(int a, int b) {
        _cleanup_free_ char *names = NULL, *one = malloc(XATTR_SIZE_MAX), *other = malloc(XATTR_SIZE_MAX);
        ssize_t n = list_names(a, &names);

        if (n < 0 || !one || !other)
                return n < 0 ? (int) n : -ENOMEM;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                ssize_t size, size_other;

                if (is_overlays_own(name))
                        continue;
                size = fgetxattr(a, name, one, XATTR_SIZE_MAX);
                size_other = fgetxattr(b, name, other, XATTR_SIZE_MAX);
                if (size < 0 || size != size_other || memcmp(one, other, (size_t) size) != 0)
                        return 0;
        }
        return 1;
}

int directory_has_attributes(int a, int b) {
        _cleanup_close_ int one = fd_reopen(a, O_RDONLY | O_DIRECTORY), other = fd_reopen(b, O_RDONLY | O_DIRECTORY);
        struct stat st, st_other;
        int r;

        if (one < 0 || other < 0)
                return one < 0 ? one : other;
        if (fstat(one, &st) < 0 || fstat(other, &st_other) < 0)
                return -errno;
        if (st.st_uid != st_other.st_uid || st.st_gid != st_other.st_gid || st.st_mode != st_other.st_mode ||
            st.st_mtim.tv_sec != st_other.st_mtim.tv_sec || st.st_mtim.tv_nsec != st_other.st_mtim.tv_nsec)
                return 0;
        r = xattrs_within(one, other);
        return r > 0 ? xattrs_within(other, one) : r;
}
