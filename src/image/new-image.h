/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* A new image in IMAGE_DIRECTORY while it is made: a directory or a file with a hidden name (unfinished.h), that gets its own when it is
 * whole, or is removed. Killed at any moment, it is there whole or not at all; gc removes what the dead leave. */

typedef enum NewImageKind {
        NEW_TREE, /* a subvolume where the file system is btrfs */
        NEW_DISK, /* NAME.raw */
} NewImageKind;

typedef struct NewImageWish {
        const char *name;    /* valid (machine_name_check()) */
        NewImageKind kind;
        bool read_only;      /* as `nbox read-only` makes it */
        bool force;          /* in place of the image that has the name, which nobody may use; its settings stay */
} NewImageWish;

typedef struct NewImage {
        char *path;          /* as it will be */
        int fd;              /* the directory, empty, root's, 0755; or the file, empty, 0600, O_RDWR */
        struct NewImagePlace *place;
} NewImage;

/* Removes what is not finished. NULL is fine. */
NewImage *new_image_free(NewImage *n);
static inline void new_image_freep(NewImage **n) {
        new_image_free(*n);
}

/* -EEXIST with what to do where the name is taken, in any place of the search path. */
int new_image_begin(const NewImageWish *wish, NewImage **ret, Error **reterr);

/* It is on disk, and has its name. */
int new_image_finish(NewImage *n, Error **reterr);
