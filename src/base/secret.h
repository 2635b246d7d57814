/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "cleanup.h"

/* Memory for what nobody else is to see: never swapped (where we may lock it), never in a core dump, in no child that is forked
 * meanwhile, and overwritten when it is freed. For a few values of at most some megabytes: each takes whole pages. */

typedef struct Secret {
        void *data;   /* page-aligned, zeroed; NULL: nothing */
        size_t space; /* bytes at data */
        size_t size;  /* how many of them are in use: the owner's to set */
} Secret;

/* 0 or -ENOMEM; s holds nothing yet. A space of 0 is one page. */
int secret_new(Secret *s, size_t space);
void secret_done(Secret *s);

#define _cleanup_secret_ _cleanup_(secret_done)
