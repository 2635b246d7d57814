/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* "Did you mean …?": the nearest of the names that are offered, by edit distance (a swap of neighbours counts
 * as one), if it is near enough to be a slip of the finger: a third of the word, at most 3. */

typedef struct Suggestion {
        const char *wanted;
        size_t length;
        const char *name; /* the best so far, or NULL */
        size_t distance;
} Suggestion;

Suggestion suggestion_begin(const char *wanted, size_t length);
void suggestion_offer(Suggestion *s, const char *name); /* NULL is passed over */
