/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage-graph.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"

#define MINUTE UINT64_C(60000000)
#define SPAN_MAX (60 * MINUTE)
#define HOLDS_MAX (6 * MINUTE) /* between two samples of a machine that is looked at */
#define CHANGE_PART 16         /* of a value: less is none */
#define NEAR_PERCENT 75
#define FULL_PERCENT 90

static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const signs[] = { "_", ".", ":", "-", "=", "+", "*", "#" };

/* A machine that does nothing is not looked at. If it has another value after that, nobody knows since when. */
static bool has_changed(uint64_t before, uint64_t after) {
        uint64_t change = before > after ? before - after : after - before;

        return after == FIGURE_UNKNOWN || change > before / CHANGE_PART;
}

/* The highest value that is known of the time from `begin` to `end`; of none, the last before it, as far as it holds. */
static uint64_t value_between(const UsageHistory *h, const MachineUsage *now, uint64_t begin, uint64_t end) {
        uint64_t before = FIGURE_UNKNOWN, highest = FIGURE_UNKNOWN, since = 0, until = now->taken_usec, after = now->memory;

        for (size_t i = 0; i < h->n; i++) {
                uint64_t n = h->samples[i].memory, taken = h->samples[i].taken_usec;

                if (n == FIGURE_UNKNOWN)
                        continue;
                if (taken >= end) {
                        until = taken;
                        after = n;
                        break;
                }
                if (taken < begin) {
                        before = n;
                        since = taken;
                } else if (highest == FIGURE_UNKNOWN || n > highest)
                        highest = n;
        }
        if (highest != FIGURE_UNKNOWN || before == FIGURE_UNKNOWN)
                return highest;
        return until - since > HOLDS_MAX && has_changed(before, after) ? FIGURE_UNKNOWN : before;
}

static void note(UsageGraph *g, uint64_t n) {
        if (n != FIGURE_UNKNOWN && (g->highest == FIGURE_UNKNOWN || n > g->highest))
                g->highest = n;
        if (n < g->lowest)
                g->lowest = n;
}

/* Columns end now. One is a minute, of a machine that is there for half an hour or less: samples are not closer than that. */
void usage_graph_make(const UsageHistory *h, const MachineUsage *now, UsageGraph *ret) {
        uint64_t end = now->taken_usec, begin = end > SPAN_MAX ? end - SPAN_MAX : 0, width;
        UsageGraph g = { .lowest = FIGURE_UNKNOWN, .highest = FIGURE_UNKNOWN };

        *ret = g;
        if (h->n == 0 || h->samples[0].taken_usec >= end)
                return;
        if (h->samples[0].taken_usec > begin)
                begin = h->samples[0].taken_usec;
        g.span_usec = end - begin;
        width = g.span_usec > USAGE_GRAPH_COLUMNS * MINUTE ? (g.span_usec + USAGE_GRAPH_COLUMNS - 1) / USAGE_GRAPH_COLUMNS : MINUTE;
        g.n = (size_t) ((g.span_usec + width - 1) / width);
        for (size_t i = 0; i < g.n; i++) {
                uint64_t from = g.n - i, to = from - 1;

                g.values[i] = value_between(h, now, end > from * width ? end - from * width : 0, to == 0 ? UINT64_MAX : end - to * width);
                if (i + 1 == g.n && now->memory != FIGURE_UNKNOWN && (g.values[i] == FIGURE_UNKNOWN || g.values[i] < now->memory))
                        g.values[i] = now->memory;
                note(&g, g.values[i]);
        }
        if (g.highest != FIGURE_UNKNOWN)
                *ret = g;
}

static const char *color_of(uint64_t n, uint64_t limit) {
        double percent = limit == FIGURE_UNKNOWN || limit == 0 ? 0 : (double) n / (double) limit * 100;

        return percent >= FULL_PERCENT ? "\x1b[31m" : percent >= NEAR_PERCENT ? "\x1b[33m" : "";
}

const char *usage_graph_text(const UsageGraph *g, uint64_t limit, bool utf8, bool color, char buf[USAGE_GRAPH_TEXT_MAX]) {
        size_t used = 0, top = ELEMENTSOF(blocks) - 1;

        buf[0] = 0;
        for (size_t i = 0; i < g->n && used < USAGE_GRAPH_TEXT_MAX; i++) {
                uint64_t n = g->values[i];
                size_t level = g->highest == 0 || n == FIGURE_UNKNOWN ? 0 : (size_t) ((double) n / (double) g->highest * (double) top + 0.5);
                const char *in = color && n != FIGURE_UNKNOWN ? color_of(n, limit) : "", *bar = (utf8 ? blocks : signs)[level > top ? top : level];

                used += (size_t) snprintf(buf + used, USAGE_GRAPH_TEXT_MAX - used, "%s%s%s", in, n == FIGURE_UNKNOWN ? " " : bar, *in ? "\x1b[0m" : "");
        }
        return buf;
}
