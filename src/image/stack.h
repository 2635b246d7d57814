/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "find.h"

/* What an image is made of, opened: the parts that its tree is mounted from. A directory is one part with one lower directory and nothing
 * else; an image on layers, one part that is an overlay; a disk image, a part for each partition, the root's first. Opening sets up what has
 * to be (loop devices, mounts of partitions), all of it freed by the kernel when the fds and the caller's mount namespace are gone. */

typedef struct StackPart {
        char *destination; /* "/", "/home"; a parent before what is in it */
        int *lowers;       /* directories, topmost first; at least one */
        size_t n_lowers;
        int upper, work;   /* -1: the part is its one lower itself, or a read-only overlay of several */
        bool read_only;
        bool with_submounts; /* of a plain directory on the host, whatever is mounted in it */
        bool passing;      /* upper is not kept */
} StackPart;

typedef struct ImageStack {
        StackPart *parts;
        size_t n_parts;
        int look; /* O_PATH, the root as it is now, to look at before anything is made: a directory itself; else a read-only mount of all parts */
        int *held; /* fds that keep layers from being swept */
        size_t n_held;
        bool is_plain; /* a directory: look may be written to (chown, labels) */
} ImageStack;

typedef struct StackWish {
        bool read_only;
        bool ephemeral;        /* on top of all a layer that nobody keeps */
        VolatileMode volatility;
        const char *machine;   /* whose, for messages and names */
} StackWish;

ImageStack *image_stack_free(ImageStack *s);
static inline void image_stack_freep(ImageStack **s) {
        image_stack_free(*s);
}

/* Other than for a plain directory, the caller is in a private mount namespace, as root. */
int image_stack_open(const Image *image, const StackWish *wish, ImageStack **ret, Error **reterr);

typedef struct StackMount {
        int userns, disk_userns; /* as the machine's ids are mapped: see idmap_root() in run/assemble.c; -1: not */
        const char *context;     /* SELinux context of overlays, or NULL */
        uint64_t attr;           /* MOUNT_ATTR_* of all parts */
} StackMount;

/* Mount all parts at `place` (O_PATH, a directory in the caller's private mount namespace). The fd of the root mount. */
int image_stack_mount(const ImageStack *s, const StackMount *how, int place, Error **reterr);
