/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-columns.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

#define NAME_LEAST 4 /* where there is room for nothing else */
#define NAME_MOST 64
#define OS_MOST 48

static const struct {
        const char *heading;
        size_t width;
        unsigned rank; /* columns of one rank come together */
        TopSort sort;
        bool left;
} columns[_COLUMNS] = {
        [COLUMN_NAME] = { "NAME", 12, 0, SORT_NAME, true },
        [COLUMN_STATE] = { "STATE", 9, 3, SORT_STATE, true },
        [COLUMN_CPU] = { "CPU%", 6, 1, SORT_CPU, false },
        [COLUMN_MEMORY] = { "MEMORY", 6, 2, SORT_MEMORY, false },
        [COLUMN_LIMIT] = { "LIMIT", 6, 9, SORT_NONE, false },
        [COLUMN_PERCENT] = { "MEM%", 5, 4, SORT_PERCENT, false },
        [COLUMN_READ] = { "READ/S", 6, 6, SORT_IO, false },
        [COLUMN_WRITE] = { "WRITE/S", 7, 6, SORT_IO, false },
        [COLUMN_IN] = { "IN/S", 6, 5, SORT_NETWORK, false },
        [COLUMN_OUT] = { "OUT/S", 6, 5, SORT_NETWORK, false },
        [COLUMN_TASKS] = { "TASKS", 5, 7, SORT_TASKS, false },
        [COLUMN_PRESSURE] = { "PRESSURE", 8, 8, SORT_PRESSURE, false },
        [COLUMN_UPTIME] = { "UPTIME", 6, 10, SORT_UPTIME, false },
        [COLUMN_OS] = { "OS", 12, 11, SORT_NONE, true },
};

#define RANKS 12

TopSort top_column_sort(TopColumn c) {
        return columns[c].sort;
}

static size_t longest(const TopRow *const *rows, size_t n, TopColumn c) {
        size_t most = 0;

        for (size_t i = 0; i < n; i++) {
                const char *text = c == COLUMN_NAME ? rows[i]->name : rows[i]->os;
                size_t length = text ? string_columns(text, strlen(text)) : 0;

                most = length > most ? length : most;
        }
        return most;
}

static size_t of_rank(unsigned rank, TopLayout *layout) {
        size_t width = 0;

        for (int c = 0; c < _COLUMNS; c++)
                if (columns[c].rank == rank) {
                        width += columns[c].width + 1;
                        if (layout)
                                layout->widths[c] = columns[c].width;
                }
        return width;
}

/* Up to what is needed, and to what is left. */
static void grow(size_t *width, size_t needed, size_t *left) {
        size_t more = needed > *width ? needed - *width : 0;

        more = more < *left ? more : *left;
        *width += more;
        *left -= more;
}

TopLayout top_layout(size_t width, const TopRow *const *rows, size_t n) {
        size_t name = longest(rows, n, COLUMN_NAME), os = longest(rows, n, COLUMN_OS), taken = columns[COLUMN_NAME].width, left;
        TopLayout layout = { .widths = { [COLUMN_NAME] = columns[COLUMN_NAME].width } };

        for (unsigned rank = 1; rank < RANKS; rank++) {
                size_t more = of_rank(rank, NULL);

                if (width > 0 && taken + more > width) {
                        /* The first one is worth a shorter name. */
                        if (rank > 1 || width < NAME_LEAST + more)
                                break;
                        layout.widths[COLUMN_NAME] = width - more;
                        (void) of_rank(rank, &layout);
                        return layout;
                }
                taken += of_rank(rank, &layout);
        }
        if (width > 0 && width < taken) {
                layout.widths[COLUMN_NAME] = width;
                return layout;
        }
        left = width > 0 ? width - taken : SIZE_MAX;
        grow(&layout.widths[COLUMN_NAME], name < NAME_MOST || width == 0 ? name : NAME_MOST, &left);
        if (layout.widths[COLUMN_OS] > 0)
                grow(&layout.widths[COLUMN_OS], os < OS_MOST || width == 0 ? os : OS_MOST, &left);
        return layout;
}

/* ---- figures ---- */

static const char *unknown(char buf[TOP_CELL]) {
        return memcpy(buf, "-", 2);
}

const char *top_bytes_text(uint64_t bytes, char buf[TOP_CELL]) {
        static const char units[] = "KMGTPE";
        double value = (double) bytes / 1024;
        size_t unit = 0;

        if (bytes == FIGURE_UNKNOWN)
                return unknown(buf);
        if (bytes < 1000)
                snprintf(buf, TOP_CELL, bytes > 0 ? "%" PRIu64 "B" : "%" PRIu64, bytes);
        else {
                for (; value >= 999.95 && unit + 2 < sizeof(units); unit++)
                        value /= 1024;
                snprintf(buf, TOP_CELL, "%.1f%c", value, units[unit]);
        }
        return buf;
}

const char *top_percent_text(uint64_t hundredths, char buf[TOP_CELL]) {
        if (hundredths == FIGURE_UNKNOWN)
                return unknown(buf);
        snprintf(buf, TOP_CELL, hundredths < 999995 ? "%.1f" : "%.0f", (double) hundredths / 100);
        return buf;
}

const char *top_hundredths_text(uint64_t value, char buf[TOP_CELL]) {
        if (value == FIGURE_UNKNOWN)
                return unknown(buf);
        snprintf(buf, TOP_CELL, "%" PRIu64 ".%02u", value / 100, (unsigned) (value % 100));
        return buf;
}

const char *top_age_text(uint64_t usec, char buf[TOP_CELL]) {
        uint64_t s = usec / 1000000;

        if (usec == FIGURE_UNKNOWN)
                return unknown(buf);
        if (s < 60)
                snprintf(buf, TOP_CELL, "%" PRIu64 "s", s);
        else if (s < 3600)
                snprintf(buf, TOP_CELL, "%" PRIu64 "m%02us", s / 60, (unsigned) (s % 60));
        else if (s < 86400)
                snprintf(buf, TOP_CELL, "%" PRIu64 "h%02um", s / 3600, (unsigned) (s / 60 % 60));
        else if (s < 100 * 86400)
                snprintf(buf, TOP_CELL, "%" PRIu64 "d%02uh", s / 86400, (unsigned) (s / 3600 % 24));
        else
                snprintf(buf, TOP_CELL, "%" PRIu64 "d", s / 86400);
        return buf;
}

/* Three whole percents; 99 is all there is room for, and near enough to always. */
static const char *pressure_text(const TopRow *r, char buf[TOP_CELL]) {
        size_t n = 0;

        if (top_sum(top_sum(r->pressure[0], r->pressure[1]), r->pressure[2]) == FIGURE_UNKNOWN)
                return unknown(buf);
        for (int i = 0; i < _PRESSURES; i++) {
                uint64_t percent = (r->pressure[i] + 50) / 100;

                if (r->pressure[i] == FIGURE_UNKNOWN)
                        n += (size_t) snprintf(buf + n, TOP_CELL - n, "%s-", i > 0 ? "/" : "");
                else
                        n += (size_t) snprintf(buf + n, TOP_CELL - n, "%s%u", i > 0 ? "/" : "", (unsigned) (percent < 99 ? percent : 99));
        }
        return buf;
}

static const char *count_text(uint64_t n, char buf[TOP_CELL]) {
        if (n == FIGURE_UNKNOWN)
                return unknown(buf);
        snprintf(buf, TOP_CELL, "%" PRIu64, n);
        return buf;
}

static const char *figure(const TopRow *r, TopColumn c, char buf[TOP_CELL]) {
        switch (c) {
        case COLUMN_CPU:
                return top_percent_text(r->cpu, buf);
        case COLUMN_MEMORY:
                return top_bytes_text(r->memory, buf);
        case COLUMN_LIMIT:
                return top_bytes_text(r->memory_max, buf);
        case COLUMN_PERCENT:
                return top_percent_text(r->memory_percent, buf);
        case COLUMN_READ:
                return top_bytes_text(r->io_read, buf);
        case COLUMN_WRITE:
                return top_bytes_text(r->io_write, buf);
        case COLUMN_IN:
                return top_bytes_text(r->net_in, buf);
        case COLUMN_OUT:
                return top_bytes_text(r->net_out, buf);
        case COLUMN_TASKS:
                return count_text(r->tasks, buf);
        case COLUMN_PRESSURE:
                return pressure_text(r, buf);
        case COLUMN_UPTIME:
                return top_age_text(r->uptime_usec, buf);
        default:
                return unknown(buf);
        }
}

/* ---- lines ---- */

static void put_state(TopLine *l, const TopRow *r, size_t width) {
        static const TopLook looks[_MOODS] = {
                [MOOD_GOOD] = LOOK_PLAIN, [MOOD_BUSY] = LOOK_DIM, [MOOD_FROZEN] = LOOK_FROZEN, [MOOD_BAD] = LOOK_BAD,
        };

        if (l->base == LOOK_PLAIN && r->mood != MOOD_GOOD)
                top_line_look(l, looks[r->mood]);
        top_line_cell(l, r->state, width, false);
        if (l->base == LOOK_PLAIN && r->mood != MOOD_GOOD)
                top_line_look(l, LOOK_PLAIN);
}

static void put_cell(TopLine *l, const TopRow *r, TopColumn c, size_t width) {
        char buf[TOP_CELL], os[4 * OS_MOST];

        if (c == COLUMN_STATE)
                put_state(l, r, width);
        else if (c == COLUMN_NAME)
                top_line_cell(l, r->name, width, false);
        else if (c == COLUMN_OS)
                top_line_cell(l, r->os ? top_plain(r->os, l->style, os, sizeof(os)) : "-", width, false);
        else
                top_line_cell(l, figure(r, c, buf), width, true);
}

static void put_gap(TopLine *l, TopColumn c) {
        if (c > 0)
                top_line_put(l, " ");
}

void top_put_headings(TopLine *l, const TopLayout *layout, TopSort sorted) {
        for (int c = 0; c < _COLUMNS; c++) {
                bool mark = sorted != SORT_NONE && columns[c].sort == sorted;

                if (layout->widths[c] == 0)
                        continue;
                put_gap(l, (TopColumn) c);
                if (mark)
                        top_line_look(l, LOOK_SORTED);
                top_line_cell(l, columns[c].heading, layout->widths[c], !columns[c].left);
                if (mark)
                        top_line_look(l, LOOK_PLAIN);
        }
}

void top_put_row(TopLine *l, const TopLayout *layout, const TopRow *row) {
        for (int c = 0; c < _COLUMNS; c++)
                if (layout->widths[c] > 0) {
                        put_gap(l, (TopColumn) c);
                        put_cell(l, row, (TopColumn) c, layout->widths[c]);
                }
}
