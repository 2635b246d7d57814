/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "copy.h"
#include "find.h"

/* A copy of an image that stands on its own: a tree of a tree and of an image on layers (all of it, in one), a subvolume of a subvolume
 * (its snapshot), a file of a disk image. It is made under a hidden name beside its place and renamed when it is whole (unfinished.h); a
 * failure leaves nothing. */

typedef struct ImageCopyRequest {
        const Image *from;
        const char *name;      /* a valid machine name; it goes where `from` lies */
        const CopyWatch *watch; /* or NULL */

        /* Called when all is copied and before it has its name: the copy's top directory (or a disk image's file, open to be written), to
         * make of it what it is to be. Negative: there is no copy. Or NULL. */
        int (*finish)(int copy, void *userdata, Error **reterr);
        void *userdata;
} ImageCopyRequest;

/* -EEXIST: an image of that name is there. Nothing may write to `from` meanwhile, or what the copy has is of several moments: the lock is
 * the caller's. For an image on layers the process moves into a mount namespace of its own. *ret_path is the caller's. */
int image_copy(const ImageCopyRequest *q, char **ret_path, Error **reterr);

/* How much there is to copy, as of copy_tree()'s `expected`: 0 where it takes no time. */
int image_copy_size(const Image *from, uint64_t *ret_bytes, uint64_t *ret_files);
