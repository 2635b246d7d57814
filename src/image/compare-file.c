/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compare-file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/xattr.h>

#include "strv.h"

#define BLOCK ((size_t) 128 * 1024)
#define LIST_MAX ((size_t) 64 * 1024)  /* XATTR_LIST_MAX */
#define VALUE_MAX ((size_t) 64 * 1024) /* XATTR_SIZE_MAX */
#define OVERLAY_PREFIX "trusted.overlay."

/* ---- contents ---- */

/* Only a regular file is opened, and that it still is one is looked at after: a device or a pipe in its place is not waited for. */
static int open_regular(const ComparedFile *f) {
        _cleanup_close_ int fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -ESTALE;
}

/* Where something stands next, at or behind the offset; the end where nothing does. */
static off_t next_data(int fd, off_t offset, off_t end) {
        off_t next = lseek(fd, offset, SEEK_DATA);

        if (next >= 0)
                return next < end ? next : end;
        return errno == ENXIO ? end : offset; /* a file system that does not know its holes */
}

static ssize_t read_block(int fd, char *block, size_t size, off_t offset) {
        size_t n = 0;

        while (n < size) {
                ssize_t k = pread(fd, block + n, size - n, offset + (off_t) n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        return (ssize_t) n;
}

int contents_differ(const ComparedFile *a, const ComparedFile *b) {
        _cleanup_close_ int fd_a = open_regular(a), fd_b = open_regular(b);
        _cleanup_free_ char *blocks = malloc(2 * BLOCK);
        off_t end = a->st.st_size;

        if (fd_a < 0 || fd_b < 0)
                return fd_a < 0 ? fd_a : fd_b;
        if (!blocks)
                return -ENOMEM;
        for (off_t at = 0;;) {
                off_t data_a = next_data(fd_a, at, end), data_b = next_data(fd_b, at, end);
                size_t size;
                ssize_t n, m;

                at = data_a < data_b ? data_a : data_b;
                if (at >= end)
                        return 0;
                size = end - at < (off_t) BLOCK ? (size_t) (end - at) : BLOCK;
                n = read_block(fd_a, blocks, size, at);
                m = read_block(fd_b, blocks + BLOCK, size, at);
                if (n < 0 || m < 0)
                        return (int) (n < 0 ? n : m);
                if (n != m || memcmp(blocks, blocks + BLOCK, (size_t) n) != 0)
                        return 1;
                if (n == 0)
                        return 0; /* both have become shorter meanwhile */
                at += n;
        }
}

/* ---- links ---- */

int targets_differ(const ComparedFile *a, const ComparedFile *b) {
        char target_a[PATH_MAX], target_b[PATH_MAX];
        ssize_t n = readlinkat(a->dir, a->name, target_a, sizeof(target_a));
        ssize_t m = n < 0 ? n : readlinkat(b->dir, b->name, target_b, sizeof(target_b));

        if (n < 0 || m < 0)
                return -errno;
        return n != m || memcmp(target_a, target_b, (size_t) n) != 0;
}

/* ---- attributes ---- */

/* By way of /proc, since the calls that take a directory and a name are of Linux 6.13. The last component is not followed. */
static char *attribute_path(const ComparedFile *f) {
        char *path;

        return asprintf(&path, "/proc/self/fd/%d/%s", f->dir, f->name) < 0 ? NULL : path;
}

static bool is_of_overlay(const char *name) {
        return strncmp(name, OVERLAY_PREFIX, strlen(OVERLAY_PREFIX)) == 0;
}

static int list_attributes(const char *path, char ***ret) {
        _cleanup_free_ char *list = malloc(LIST_MAX);
        _cleanup_strv_ char **names = NULL;
        ssize_t n;

        if (!list)
                return -ENOMEM;
        n = llistxattr(path, list, LIST_MAX);
        if (n < 0 && errno != EOPNOTSUPP)
                return -errno;
        for (ssize_t i = 0; i < n; i += (ssize_t) strlen(list + i) + 1)
                if (!is_of_overlay(list + i) && strv_append(&names, list + i) < 0)
                        return -ENOMEM;
        if (names)
                strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

static int values_differ(const char *path_a, const char *path_b, const char *name, char *values) {
        ssize_t n = lgetxattr(path_a, name, values, VALUE_MAX);
        ssize_t m = n < 0 ? n : lgetxattr(path_b, name, values + VALUE_MAX, VALUE_MAX);

        if (n < 0 || m < 0)
                return -errno;
        return n != m || memcmp(values, values + VALUE_MAX, (size_t) n) != 0;
}

int attributes_differ(const ComparedFile *a, const ComparedFile *b) {
        _cleanup_free_ char *path_a = attribute_path(a), *path_b = attribute_path(b), *values = NULL;
        _cleanup_strv_ char **names_a = NULL, **names_b = NULL;
        size_t n;
        int r;

        if (!path_a || !path_b)
                return -ENOMEM;
        r = list_attributes(path_a, &names_a);
        if (r >= 0)
                r = list_attributes(path_b, &names_b);
        if (r < 0)
                return r;
        n = strv_length(names_a);
        if (n != strv_length(names_b))
                return 1;
        for (size_t i = 0; i < n; i++)
                if (strcmp(names_a[i], names_b[i]) != 0)
                        return 1;
        if (n > 0 && !(values = malloc(2 * VALUE_MAX)))
                return -ENOMEM;
        for (size_t i = 0; i < n && r == 0; i++)
                r = values_differ(path_a, path_b, names_a[i], values);
        return r;
}

int layer_directory_is_opaque(int dir) {
        static const char *const marks[] = { OVERLAY_PREFIX "opaque", OVERLAY_PREFIX "redirect" };

        for (size_t i = 0; i < ELEMENTSOF(marks); i++)
                if (fgetxattr(dir, marks[i], NULL, 0) > 0)
                        return 1;
                else if (errno != ENODATA && errno != EOPNOTSUPP)
                        return -errno;
        return 0;
}
