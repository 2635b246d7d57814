/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "copy.h"
#include "store.h"

/* A new image while it is made: a directory or a file with a hidden name (unfinished.h) beside its place, that gets its own when it is
 * whole, or is removed. Killed at any moment, it is there whole or not at all; gc removes what the dead leave.
 *
 * In place of another image (`replace`) it comes by exchanging the two in one step: at each moment the name has one of them, whole. Where
 * their files differ in name (NAME and NAME.raw) there are two steps, the new one's first. That nobody uses the old one is for the caller
 * to see to, who knows of machines (machine/image-replace.h), from before new_image_begin() until after new_image_finish(). */

typedef enum NewImageKind {
        NEW_TREE,      /* a subvolume where the file system is btrfs, else a directory */
        NEW_DIRECTORY,
        NEW_SNAPSHOT,  /* of a subvolume */
        NEW_DISK,      /* NAME.raw */
        NEW_LAYERED,   /* on layers, which their maker makes (clone.h, layer_new_on()): new_image_finish_layered() */
} NewImageKind;

struct ImageEntry; /* entry.h */

typedef struct NewImageWish {
        const char *name;      /* valid (machine_name_check()); where `directory` is given, any name of a file that is not hidden */
        const char *directory; /* where it goes, absolute; NULL: IMAGE_DIRECTORY, which is made where it is missing */
        NewImageKind kind;
        int snapshot_of;       /* NEW_SNAPSHOT: the subvolume, any fd */
        bool read_only;        /* as `nbox read-only` makes it */
        const struct ImageEntry *replace; /* what it comes in place of, whose settings stay: held by the caller; or NULL */
        const CopyWatch *watch;           /* asked before it gets its name; or NULL */
} NewImageWish;

struct NewImagePlace;

typedef struct NewImage {
        char *path; /* as it will be */
        /* O_RDONLY, the directory: empty, root's, 0700, until its maker gives it the mode that it is to have. O_RDWR, the file: empty, 0600.
         * On layers: -1. */
        int fd;
        struct NewImagePlace *place;
} NewImage;

/* Removes what is not finished. NULL is fine. Returns NULL. */
NewImage *new_image_free(NewImage *n);
static inline void new_image_freep(NewImage **n) {
        new_image_free(*n);
}

/* -EEXIST with what to do where the name is taken, in any place of the search path if it goes to one. -EBUSY: another one is at it. */
int new_image_begin(const NewImageWish *wish, NewImage **ret, Error **reterr);

/* It is on disk, and has its name; what it replaced is gone. -EEXIST; -ECANCELED by the watch. */
int new_image_finish(NewImage *n, Error **reterr);

/* NEW_LAYERED: the name leads to that layer of the store, which is the image's own, writable one. With the store's lock. Of layers, what
 * it replaced is garbage from then on: store_sweep(), when the caller holds it no more. */
int new_image_finish_layered(NewImage *n, const Store *s, const Layer *own, Error **reterr);

/* Its hidden path while it is made, for programs that want one: until the next call of new_image_*(). */
const char *new_image_hidden_path(const NewImage *n);
