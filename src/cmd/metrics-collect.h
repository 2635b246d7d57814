/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdio.h>

#include "machine-usage.h"
#include "metric-text.h"

/* All that is known of this host's machines at one time. */

typedef struct MetricsMachine {
        const Machine *machine;
        MachineUsage usage;
        bool usage_is_known;
} MetricsMachine;

typedef struct MetricsFigures {
        Machine **list; /* whose machines these are */
        size_t n_listed;
        MetricsMachine *machines; /* those that live, by name */
        size_t n_machines;
        uint64_t zones;        /* FIGURE_UNKNOWN, as the rest */
        uint64_t taken_usec;   /* how long it took */
} MetricsFigures;

/* All of it as text. */
void metrics_format(FILE *out, MetricFormat format, const MetricsFigures *f);

int metrics_collect(MetricsFigures **ret, Error **reterr);
void metrics_figures_free(MetricsFigures *f);
DEFINE_CLEANUP(MetricsFigures *, metrics_figures_free);
