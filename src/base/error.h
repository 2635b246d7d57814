/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cleanup.h"

/* An error is made once, where its cause is known, carried up through `Error **reterr` (always the last
 * parameter, may be NULL), and printed once, by cmd/ or run/, where it is known to whom.
 *
 * The int that travels beside it is a negative errno. A function that returns < 0 has set *reterr; one that
 * returns >= 0 has not touched it. The caller owns the Error: `_cleanup_(error_freep) Error *error = NULL`. */

typedef struct Error {
        int code;      /* negative errno, the same as the int returned beside it */
        char *message; /* one sentence: what was tried, on what, why it failed; no newline, no full stop */
        char *hint;    /* what to do about it, often a command; or NULL */
} Error;

void error_free(Error *e);
DEFINE_CLEANUP(Error *, error_free);

/* Set *reterr to the message (freeing what stood there) and return r, made negative. */
int error_set(Error **reterr, int r, const char *fmt, ...) _printf_(3, 4);

/* As error_set(), with ": <strerror>" appended. r may be an errno of either sign. */
int error_errno(Error **reterr, int r, const char *fmt, ...) _printf_(3, 4);

/* Add what to do to an error that has just been set; returns its code, so that it can end a function:
 *     error_set(reterr, EEXIST, "..."); return error_hint(reterr, -EEXIST, "Run `nbox list`."); */
int error_hint(Error **reterr, int r, const char *fmt, ...) _printf_(3, 4);

/* Put "<text>: " before the message, as it passes upwards. Returns r. */
int error_prefix(Error **reterr, int r, const char *fmt, ...) _printf_(3, 4);

/* Hand an error that was held back up after all: moves *e to *reterr (or frees it), and returns r. */
int error_pass(Error **reterr, int r, Error **e);

/* Out of memory: the one error that has no message of its own. */
int error_oom(Error **reterr);
