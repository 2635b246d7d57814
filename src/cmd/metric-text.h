/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Figures as text for programs that collect them, in one of two forms:
 *
 *     METRIC_OPENMETRICS  OpenMetrics 1.0
 *     METRIC_PROMETHEUS   the older text format 0.0.4 of Prometheus, which knows no units, and of types only some: what is of another one
 *                         is a gauge there
 *
 * The samples have the same names and labels in both, so that nobody who asks for them need know how they came. Only the lines above them
 * differ: in OpenMetrics a counter's are about its name without "_total", and an info's about its name without "_info".
 *
 * No sample has a time: all are of now. */

typedef enum MetricFormat {
        METRIC_OPENMETRICS,
        METRIC_PROMETHEUS,
} MetricFormat;

typedef enum MetricType {
        METRIC_COUNTER,
        METRIC_GAUGE,
        METRIC_INFO,     /* what does not change as a rule, as labels; its value is 1 */
        METRIC_STATESET, /* one of several words, each a sample that is 1 or 0; the word is in a label of the family's name */
} MetricType;

typedef struct MetricName {
        const char *name; /* without _total or _info */
        MetricType type;
        const char *unit; /* what the name ends with, "seconds"; or NULL */
        const char *help; /* one sentence without quotes, backslashes or a newline */
} MetricName;

typedef struct MetricText {
        FILE *out;
        MetricFormat format;
        const MetricName *family;
        bool begun;   /* the family has a sample */
        bool labelled; /* the sample has a label */
} MetricText;

/* "_total", "_info" or "": what a sample's name has behind the family's. */
const char *metric_suffix(MetricType type);

/* What HTTP calls it. */
const char *metric_format_media_type(MetricFormat format);

/* From now on samples are this family's, all of them one after the other. One without any is not written. */
void metric_family(MetricText *m, const MetricName *family);

/* A sample: metric_sample(), any number of metric_label(), one value. A label's value may be anything: what is no UTF-8, and what a terminal
 * would obey, becomes '?'. */
void metric_sample(MetricText *m);
void metric_label(MetricText *m, const char *name, const char *value);
void metric_number(MetricText *m, uint64_t value);
void metric_seconds(MetricText *m, uint64_t usec);
void metric_ratio(MetricText *m, uint64_t hundredths); /* of a percent */

/* Behind the last one. */
void metric_end(MetricText *m);
