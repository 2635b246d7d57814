/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Where a walk is beneath its root, "a/b/": it may be longer than any path that the kernel takes. */

typedef struct CopyPath {
        char *text;
        size_t length, size;
} CopyPath;

const char *copy_path_text(const CopyPath *p); /* "" at the root */

/* One directory deeper; *ret_before is what to give to copy_path_leave(). -ENOMEM. */
int copy_path_enter(CopyPath *p, const char *name, size_t *ret_before);
void copy_path_leave(CopyPath *p, size_t before);

/* That of an entry; the caller's, NULL on out of memory. */
char *copy_path_with(const CopyPath *p, const char *name);

/* Link what is at `path` beneath root to `name` in dir, in trees that nobody else writes to. */
int copy_path_link(int root, const char *path, int dir, const char *name);

void copy_path_done(CopyPath *p);
