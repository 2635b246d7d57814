/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-row.h"

#include <stdlib.h>
#include <string.h>

static const struct {
        const char *word;
        char key;
} sorts[_SORTS] = {
        [SORT_NAME] = { "name", 'N' },
        [SORT_STATE] = { "state", 's' },
        [SORT_CPU] = { "cpu", 'c' },
        [SORT_MEMORY] = { "memory", 'm' },
        [SORT_PERCENT] = { "memory-percent", '%' },
        [SORT_IO] = { "io", 'i' },
        [SORT_NETWORK] = { "network", 'n' },
        [SORT_TASKS] = { "tasks", 't' },
        [SORT_PRESSURE] = { "pressure", 'p' },
        [SORT_UPTIME] = { "uptime", 'u' },
};

const char *top_sort_word(TopSort s) {
        return sorts[s].word;
}

char top_sort_key(TopSort s) {
        return sorts[s].key;
}

TopSort top_sort_from_word(const char *word) {
        for (int s = 0; s < _SORTS; s++)
                if (strcmp(sorts[s].word, word) == 0)
                        return (TopSort) s;
        return SORT_NONE;
}

void top_sample_done(TopSample *s) {
        for (size_t i = 0; i < s->n; i++) {
                free(s->rows[i].name);
                free(s->rows[i].os);
        }
        free(s->rows);
        *s = (TopSample){};
}

uint64_t top_sum(uint64_t a, uint64_t b) {
        return a == FIGURE_UNKNOWN ? b : b == FIGURE_UNKNOWN ? a : a + b;
}

static uint64_t value_of(const TopRow *r, TopSort sort) {
        uint64_t most = FIGURE_UNKNOWN;

        switch (sort) {
        case SORT_CPU:
                return r->cpu;
        case SORT_MEMORY:
                return r->memory;
        case SORT_PERCENT:
                return r->memory_percent;
        case SORT_IO:
                return top_sum(r->io_read, r->io_write);
        case SORT_NETWORK:
                return top_sum(r->net_in, r->net_out);
        case SORT_TASKS:
                return r->tasks;
        case SORT_PRESSURE:
                for (int i = 0; i < _PRESSURES; i++)
                        if (r->pressure[i] != FIGURE_UNKNOWN && (most == FIGURE_UNKNOWN || r->pressure[i] > most))
                                most = r->pressure[i];
                return most;
        case SORT_UPTIME:
                return r->uptime_usec;
        default:
                return 0;
        }
}

typedef struct Order {
        TopSort sort;
        bool reverse;
} Order;

static int compare(const void *a, const void *b, void *userdata) {
        const TopRow *const *left = a, *const *right = b;
        const Order *o = userdata;
        uint64_t x = value_of(*left, o->sort), y = value_of(*right, o->sort);
        int r = 0;

        if (o->sort == SORT_STATE)
                r = strcmp((*left)->state, (*right)->state);
        else if (o->sort == SORT_NAME)
                r = strcmp((*left)->name, (*right)->name);
        else if ((x == FIGURE_UNKNOWN) != (y == FIGURE_UNKNOWN))
                return x == FIGURE_UNKNOWN ? 1 : -1;
        else
                r = x < y ? 1 : x > y ? -1 : 0;
        if (r != 0)
                return o->reverse ? -r : r;
        return strcmp((*left)->name, (*right)->name);
}

void top_order(const TopRow **rows, size_t n, TopSort sort, bool reverse) {
        if (n > 1)
                qsort_r(rows, n, sizeof(*rows), compare, &(Order){ sort, reverse });
}
