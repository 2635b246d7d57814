/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "figure.h"
#include "host-figures.h"

/* What `nbox top` knows of the machines at one moment, with how much each did since the moment before. Whatever cannot be told is
 * FIGURE_UNKNOWN, and never 0. */

typedef enum TopMood {
        MOOD_GOOD,
        MOOD_BUSY,   /* starting, booting, stopping, rebooting: on its way */
        MOOD_FROZEN,
        MOOD_BAD,    /* it is not healthy */
        _MOODS,
} TopMood;

enum { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, _PRESSURES };

typedef struct TopRow {
        char *name;
        char *os;            /* as the machine's tree says it, unchecked; or NULL */
        const char *state;   /* as `list` shows it: constant */
        const char *real_state; /* and without regard to whether it is frozen, or well */
        const char *health;  /* constant; NULL: nobody checks */
        TopMood mood;
        uint64_t uptime_usec;
        uint64_t cpu;        /* of one CPU, in hundredths of a percent */
        uint64_t memory, memory_max; /* bytes; that it may have: FIGURE_UNKNOWN also for no limit */
        uint64_t memory_percent;     /* of that, or of the host's, in hundredths */
        bool memory_is_summed;
        uint64_t io_read, io_write, net_in, net_out; /* bytes a second */
        uint64_t tasks, tasks_max;
        uint64_t pressure[_PRESSURES]; /* "some" of the last ten seconds, in hundredths of a percent */
} TopRow;

typedef struct TopSample {
        uint64_t taken_usec;    /* CLOCK_REALTIME; 0: never */
        uint64_t interval_usec; /* since the one before; 0: there is none */
        HostFigures host;
        uint64_t host_cpu;      /* as TopRow's */
        TopRow *rows;
        size_t n;
} TopSample;

void top_sample_done(TopSample *s);

/* What machines are in order of. */
typedef enum TopSort {
        SORT_NAME,
        SORT_STATE,
        SORT_CPU,
        SORT_MEMORY,
        SORT_PERCENT,
        SORT_IO,
        SORT_NETWORK,
        SORT_TASKS,
        SORT_PRESSURE,
        SORT_UPTIME,
        _SORTS,
        SORT_NONE = -1,
} TopSort;

/* Its word for --sort=, and its key. */
const char *top_sort_word(TopSort s);
char top_sort_key(TopSort s);
TopSort top_sort_from_word(const char *word); /* or SORT_NONE */

/* Figures: the largest first, what is unknown last; names and states by the alphabet. What is equal is by name. `reverse`: the other way
 * round, but for what is unknown. `rows` are pointed to. */
void top_order(const TopRow **rows, size_t n, TopSort sort, bool reverse);

/* The sum of two where both are known, else the one that is. */
uint64_t top_sum(uint64_t a, uint64_t b);
