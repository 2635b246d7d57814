/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* SELinux, as libselinux knows it. A context is USER:ROLE:TYPE:RANGE, where a range like s0:c12,c733 has a pair of categories (MCS): two
 * processes of the same type with different pairs cannot read each other's files, nor signal or trace each other. What those
 * types are called is the policy's matter: it names them in lxc_contexts(5).
 *
 * libselinux is opened with dlopen(3), and only where the kernel has SELinux enabled: nobody else pays for it. Built without it
 * (label-none.c), nbox says that it can set no label. */

/* A policy is loaded: costs one system call where there is none. */
bool label_is_enabled(void);

/* What the policy gives to containers; each is a whole context with the policy's own range. The caller's. */
typedef struct LabelTypes {
        char *process;   /* of what runs in a machine */
        char *file;      /* of what it may write to */
        char *read_only; /* of what several may read, and none write to; NULL where the policy names none */
} LabelTypes;

void label_types_done(LabelTypes *t);

/* -ENOENT: the policy names none, or the loaded one does not know those that it names. -EOPNOTSUPP: there is no libselinux. */
int label_types_read(LabelTypes *ret, Error **reterr);

/* -EINVAL: the loaded policy has no such context. */
int label_check(const char *context, Error **reterr);

/* The range of a context, "" when it has none; and the context with another one, the caller's. -EINVAL: not a context. */
const char *label_range(const char *context);
int label_with_range(const char *context, const char *range, char **ret);
