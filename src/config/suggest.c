/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "suggest.h"

#include <string.h>

#define WORD_MAX 40 /* longer words are no slips of ours */

static size_t least(size_t a, size_t b) {
        return a < b ? a : b;
}

/* Optimal string alignment over three rows. */
static size_t distance(const char *a, size_t n, const char *b, size_t m) {
        size_t rows[3][WORD_MAX + 1];
        size_t *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t j = 0; j <= m; j++)
                above[j] = j;
        for (size_t i = 1; i <= n; i++) {
                size_t *oldest = before;

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), least(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = above;
                above = row;
                row = oldest;
        }
        return above[m];
}

Suggestion suggestion_begin(const char *wanted, size_t length) {
        size_t limit = least(3, (length + 2) / 3);

        return (Suggestion){ .wanted = wanted, .length = length, .distance = limit + 1 };
}

void suggestion_offer(Suggestion *s, const char *name) {
        size_t n = name ? strlen(name) : 0, d;

        if (n == 0 || n > WORD_MAX || s->length > WORD_MAX || s->length == 0)
                return;
        d = distance(s->wanted, s->length, name, n);
        /* What was begun but not ended ("--host") is as near as a slip. */
        if (d > 1 && s->length >= 3 && strncmp(name, s->wanted, s->length) == 0)
                d = 1;
        if (d < s->distance) {
                s->distance = d;
                s->name = name;
        }
}
