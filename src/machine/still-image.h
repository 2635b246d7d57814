/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "copy.h"
#include "error.h"
#include "find.h"
#include "lock.h"
#include "snapshot.h"
#include "stack.h"
#include "store.h"

/* All of an image as it is at one moment, to be read: nobody writes to it as long as it is open. An image that no machine writes to is
 * locked, shared, and so is what its snapshot stands on. What a running machine writes to is copied (live-copy.h), and the copy is nobody's
 * when it is closed. A disk image that a machine writes to cannot be had. */

typedef struct StillWish {
        const Image *image;      /* must outlive it */
        const char *snapshot;    /* of it, or NULL: what it is now */
        bool no_tree;            /* not what is in a disk image, but the file itself */
} StillWish;

typedef struct StillImage {
        const Image *image;      /* that of the wish; of a snapshot of a disk image, the file's */
        char *machine;           /* that writes to it: it is to be copied first; NULL: there is none */
        uint64_t live_bytes, live_files; /* how much will be read for that, while it stands still; 0: no time at all */

        int tree;                /* O_PATH or a mount, not to be closed; -1: no_tree, and of a disk image */
        bool with_mounts;        /* what is mounted in it belongs to it: partitions */
        const int *layers;       /* of one on layers: their trees, the topmost first; not to be closed */
        size_t n_layers;         /* 0: it is on none */
        uid_t base;              /* whose root's files are in it (see StackMount.disk_base) */
        uint64_t bytes, files;   /* of it, as tree_size() has them; of a file, what it has on disk */

        struct StillParts *parts;
} StillImage;

/* Returns NULL. NULL is fine. The lock, the copy and all mounts go. */
StillImage *still_image_free(StillImage *s);
static inline void still_image_freep(StillImage **s) {
        still_image_free(*s);
}

/* First: it is locked, or known whose it is. As root, in a mount namespace of the caller's (mount_own_namespace()), in which
 * `image` was found. */
int still_image_look(const StillWish *wish, StillImage **ret, Error **reterr);

/* Then: what has to be copied is, and the tree is open. watch: of the copying, or NULL. -EAGAIN: as of image_try_again(). */
int still_image_open(StillImage *s, const CopyWatch *watch, Error **reterr);
