/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "stack.h"

/* What stack.c is made of. */

/* A part more, of n directories. NULL: no memory. */
StackPart *stack_add(ImageStack *s, const char *destination, size_t n_lowers);

/* Close it with the stack; closes it at once on failure. */
int stack_hold(ImageStack *s, int fd);

/* Attach a detached mount where it can be copied from, until the stack is freed. */
int stack_attach(ImageStack *s, int mount);

/* stack-mount.c: a detached mount of one part; for a look, whatever is on top is a lower, too. */
typedef struct PartMount {
        const StackMount *how;
        bool look;
} PartMount;
int stack_mount_part(ImageStack *s, const StackPart *part, const PartMount *m, Error **reterr);

/* Attach a mount at that place, and those of the other parts in it. */
int stack_mount_all(ImageStack *s, const PartMount *m, const char *place, Error **reterr);
