/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "stack.h"

/* What stack.c is made of. */

/* A part more, of n directories. NULL: no memory. */
StackPart *stack_add(ImageStack *s, const char *destination, size_t n_lowers);

void stack_drop_parts(ImageStack *s);

/* Close it with the stack; closes it at once on failure. */
int stack_hold(ImageStack *s, int fd);

/* Attach a detached mount where it can be copied from, until the stack is freed. */
int stack_attach(ImageStack *s, int mount);

/* stack-layers.c */
int stack_open_layers(ImageStack *s, const Image *image, Error **reterr);
int stack_make_passing(ImageStack *s, Error **reterr); /* sets `passing`, where there can be one */
void stack_drop_layers(ImageStack *s);

/* stack-disk.c: to look at */
int stack_open_disk(ImageStack *s, const Image *image, Error **reterr);

/* stack-mount.c: a detached mount of one part; for a look, whatever is on top is a lower, too. */
typedef struct PartMount {
        const StackMount *how;
        bool look;
} PartMount;
int stack_mount_part(ImageStack *s, const StackPart *part, const PartMount *m, Error **reterr);

/* Attach a mount at a directory, which is made where it is not there. */
int stack_attach_at(const ImageStack *s, int mount, const char *place, Error **reterr);

/* Mount the root at that place, and those of the other parts in it. */
int stack_mount_all(ImageStack *s, const PartMount *m, const char *place, Error **reterr);

/* stack-volatile.c: the machine's root for VOLATILE_YES, at that place. The fd of the root mount. */
int stack_mount_volatile(ImageStack *s, const StackMount *how, const char *place, Error **reterr);
