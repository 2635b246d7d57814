/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

void copy_path_done(CopyPath *p) {
        free(p->text);
        *p = (CopyPath){};
}

const char *copy_path_text(const CopyPath *p) {
        return p->text ?: "";
}

int copy_path_enter(CopyPath *p, const char *name, size_t *ret_before) {
        size_t n = strlen(name), needed = p->length + n + 2;

        if (needed > p->size) {
                char *text = realloc(p->text, needed * 2);

                if (!text)
                        return -ENOMEM;
                p->text = text;
                p->size = needed * 2;
        }
        *ret_before = p->length;
        memcpy(p->text + p->length, name, n);
        memcpy(p->text + p->length + n, "/", 2);
        p->length += n + 1;
        return 0;
}

void copy_path_leave(CopyPath *p, size_t before) {
        p->length = before;
        p->text[before] = 0;
}

char *copy_path_with(const CopyPath *p, const char *name) {
        char *path;

        return asprintf(&path, "%s%s", copy_path_text(p), name) < 0 ? NULL : path;
}

/* The directory that a part of the path, at most as long as the kernel takes, leads to, and what is left of it. */
static int descend(int dir, const char **path) {
        char part[PATH_MAX];
        size_t n = PATH_MAX - 1;
        int fd;

        while (n > 0 && (*path)[n - 1] != '/')
                n--;
        if (n == 0)
                return -ENAMETOOLONG;
        memcpy(part, *path, n);
        part[n] = 0;
        fd = openat(dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *path += n;
        return fd;
}

int copy_path_link(int root, const char *path, int dir, const char *name) {
        _cleanup_close_ int at = -1;

        while (strlen(path) >= PATH_MAX) {
                int next = descend(at >= 0 ? at : root, &path);

                if (next < 0)
                        return next;
                close_fd(at);
                at = next;
        }
        return linkat(at >= 0 ? at : root, path, dir, name, 0) < 0 ? -errno : 0;
}
