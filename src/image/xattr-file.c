/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xattr-file.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/xattr.h>

XattrFile xattr_file(int fd, bool is_open) {
        XattrFile f = { .fd = is_open ? fd : -1 };

        if (!is_open)
                snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", fd);
        return f;
}

ssize_t xattr_names(const XattrFile *f, char *names) {
        ssize_t n = f->fd >= 0 ? flistxattr(f->fd, names, XATTR_LIST_MAX) : listxattr(f->path, names, XATTR_LIST_MAX);

        return n < 0 ? -errno : n;
}

ssize_t xattr_value(const XattrFile *f, const char *name, void *value) {
        ssize_t n = f->fd >= 0 ? fgetxattr(f->fd, name, value, XATTR_SIZE_MAX) : getxattr(f->path, name, value, XATTR_SIZE_MAX);

        return n < 0 ? -errno : n;
}

int xattr_set(const XattrFile *f, const char *name, const void *value, size_t size) {
        return (f->fd >= 0 ? fsetxattr(f->fd, name, value, size, 0) : setxattr(f->path, name, value, size, 0)) < 0 ? -errno : 0;
}
