/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usage-history.h"

/* A machine's memory over its last hour, as a row of bars. */

#define USAGE_GRAPH_COLUMNS 30
#define USAGE_GRAPH_TEXT_MAX (USAGE_GRAPH_COLUMNS * 16 + 8)

typedef struct UsageGraph {
        uint64_t values[USAGE_GRAPH_COLUMNS]; /* oldest first; of each column the highest, or what was last known; FIGURE_UNKNOWN */
        size_t n;                             /* 0: there is nothing to be seen yet */
        uint64_t lowest, highest;
        uint64_t span_usec;
} UsageGraph;

/* Of the samples of the last hour, and what it is now. */
void usage_graph_make(const UsageHistory *h, const MachineUsage *now, UsageGraph *ret);

/* In block characters, or else in ASCII; the highest bar is the highest value. With `color`, what is near the limit (FIGURE_UNKNOWN: none) is
 * yellow, then red. Returns buf. */
const char *usage_graph_text(const UsageGraph *g, uint64_t limit, bool utf8, bool color, char buf[USAGE_GRAPH_TEXT_MAX]);
