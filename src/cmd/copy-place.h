/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "inside-mounts.h"
#include "lock.h"
#include "machine.h"
#include "stack.h"

/* Whose files are copied: a machine that runs, or an image that none runs from, by the same name. */

typedef struct CopyPlace {
        InsideRequest inside; /* name, leader, leader_fd, root, uid_base */
        uint32_t uid_range;   /* ids that it has; 0: all */
        Machine *machine;     /* or: */
        Image *image;
        ImageLock *claim;
        ImageStack *stack;
        int root;
} CopyPlace;

/* An image is locked, shared where it is only read, and mounted in a mount namespace that we are in from then on. */
int copy_place_open(const char *name, bool is_read, CopyPlace *ret, Error **reterr);
void copy_place_done(CopyPlace *p);
#define COPY_PLACE_NONE ((CopyPlace){ .root = -1, .inside = { .leader_fd = -1, .root = -1 } })
