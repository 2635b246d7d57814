/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "top-line.h"
#include "top-row.h"

/* The columns of `nbox top`, and which of them a terminal has room for. */

typedef enum TopColumn {
        COLUMN_NAME,
        COLUMN_STATE,
        COLUMN_CPU,
        COLUMN_MEMORY,
        COLUMN_LIMIT,
        COLUMN_PERCENT,
        COLUMN_READ,
        COLUMN_WRITE,
        COLUMN_IN,
        COLUMN_OUT,
        COLUMN_TASKS,
        COLUMN_PRESSURE,
        COLUMN_UPTIME,
        COLUMN_OS,
        _COLUMNS,
} TopColumn;

typedef struct TopLayout {
        size_t widths[_COLUMNS]; /* 0: it is not shown */
} TopLayout;

/* Columns come by their rank as the width grows, and a wider terminal has all that a narrower one has. What is left goes to the name and
 * the system, as far as these rows need it. `width` 0: all columns, as wide as they need to be. */
TopLayout top_layout(size_t width, const TopRow *const *rows, size_t n);

TopSort top_column_sort(TopColumn c); /* SORT_NONE: none */

void top_put_headings(TopLine *l, const TopLayout *layout, TopSort sorted);
void top_put_row(TopLine *l, const TopLayout *layout, const TopRow *row);

/* Figures as top(1) and systemd-cgtop(1) show them, "-" for what is unknown. Return buf. */
#define TOP_CELL 32
const char *top_bytes_text(uint64_t bytes, char buf[TOP_CELL]);    /* "512B", "1.5K", "12.3M" */
const char *top_percent_text(uint64_t hundredths, char buf[TOP_CELL]); /* "12.3" */
const char *top_hundredths_text(uint64_t value, char buf[TOP_CELL]); /* "0.12" */
const char *top_age_text(uint64_t usec, char buf[TOP_CELL]);       /* "12s", "3h05m", "2d04h" */
