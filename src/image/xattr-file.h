/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Extended attributes of any fd. A file that is not open has them by way of /proc, which leads to the very file, link or not. */

typedef struct XattrFile {
        int fd; /* -1: by the path */
        char path[32];
} XattrFile;

XattrFile xattr_file(int fd, bool is_open);

/* As of listxattr(2), getxattr(2), setxattr(2), with -errno. names has room for XATTR_LIST_MAX, value for XATTR_SIZE_MAX. */
ssize_t xattr_names(const XattrFile *f, char *names);
ssize_t xattr_value(const XattrFile *f, const char *name, void *value);
int xattr_set(const XattrFile *f, const char *name, const void *value, size_t size);
