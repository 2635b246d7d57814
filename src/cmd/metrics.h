/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "error.h"
#include "metric-text.h"

/* The figures of all machines, for programs that keep them over time. Needs no root; what cannot be told is left out. */

int metrics_write(FILE *out, MetricFormat format, Error **reterr);

/* All families that may come, in that order; `i` begins with 0. NULL behind the last. */
const MetricName *metrics_iterate(size_t *i);

/* Put such a text into a file as a whole, which everybody may read. */
int metrics_replace_file(const char *path, const char *text, size_t size, Error **reterr);

/* Answer one request of HTTP that comes at `in`, at `out`, which may be the same: a socket that systemd has accepted, or pipes. Whoever asks may
 * be silent, slow or mad: he has a few seconds to ask, and a few to take the answer. Only our own failure is an error. */
int metrics_serve(int in, int out, Error **reterr);
