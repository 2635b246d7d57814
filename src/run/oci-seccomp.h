/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>
#include <linux/filter.h>
#include <stddef.h>

#include "error.h"

/* An engine's system call filter, linux.seccomp of the bundle, made into the kernel's program by libseccomp, which is opened for it. */

typedef struct OciFilter {
        struct sock_filter *code; /* NULL: there is none */
        size_t n;
        unsigned flags;           /* of seccomp(2), SECCOMP_FILTER_FLAG_* */
        const char *listener;     /* the path of a socket that the notifications go to, and what it is told; borrowed; or NULL */
        const char *metadata;
} OciFilter;

/* json: the object, or NULL. -EINVAL or -EOPNOTSUPP with the word that is not known, -ELIBACC where there is no libseccomp. */
int oci_filter_make(json_t *json, OciFilter *ret, Error **reterr);
void oci_filter_done(OciFilter *f);

/* For the calling process and all that comes of it. *ret_listener: what its notifications are read from, or -1. */
int oci_filter_apply(const OciFilter *f, int *ret_listener, Error **reterr);

/* The i-th word that an action may be; NULL behind the last. */
const char *oci_filter_action(size_t i);
const char *oci_filter_architecture(size_t i);
const char *oci_filter_operator(size_t i);
