/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-screen.h"

#include <stdio.h>
#include <string.h>

#include "strv.h"
#include "top-columns.h"

#define LABEL 10 /* columns */

void top_screen_done(TopScreen *s) {
        for (size_t i = 0; i < s->n; i++)
                free(s->lines[i]);
        free(s->lines);
        free(s->columns);
        *s = (TopScreen){};
}

static int screen_new(size_t room, TopScreen *ret) {
        TopScreen s = { .lines = calloc(room + 1, sizeof(*s.lines)), .columns = calloc(room + 1, sizeof(*s.columns)) };

        if (!s.lines || !s.columns) {
                top_screen_done(&s);
                return -ENOMEM;
        }
        *ret = s;
        return 0;
}

/* Takes the line. One that looks like something looks so to its end. */
static void add(TopScreen *s, TopLine *l) {
        if (l->base != LOOK_PLAIN) {
                top_line_to(l, l->width);
                l->base = LOOK_PLAIN;
                top_line_look(l, LOOK_PLAIN);
        }
        s->columns[s->n] = l->columns;
        s->lines[s->n++] = l->text;
}

/* ---- the head ---- */

static void label(TopLine *l, const char *text) {
        top_line_look(l, LOOK_DIM);
        top_line_put(l, text);
        top_line_look(l, LOOK_PLAIN);
        top_line_to(l, LABEL);
}

/* "3 running, 1 frozen": by how many there are of each. */
static void put_states(TopLine *l, const TopSample *sample) {
        struct {
                const char *state;
                size_t n;
        } states[16] = {};
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++) {
                size_t k = 0;

                while (k < n && strcmp(states[k].state, sample->rows[i].state) != 0)
                        k++;
                if (k == ELEMENTSOF(states))
                        continue;
                states[k].state = sample->rows[i].state;
                states[k].n++;
                n = k == n ? n + 1 : n;
                for (; k > 0 && states[k].n > states[k - 1].n; k--) {
                        typeof(states[0]) other = states[k];

                        states[k] = states[k - 1];
                        states[k - 1] = other;
                }
        }
        for (size_t i = 0; i < n; i++)
                top_line_putf(l, "%s%zu %s", i == 0 ? ": " : ", ", states[i].n, states[i].state);
}

/* How it is shown, at the right end where there is room for it. */
static void put_manner(TopLine *l, const TopView *v) {
        char text[64 + TYPED_MAX + TOP_INTERVAL_TEXT], interval[TOP_INTERVAL_TEXT];
        size_t n;

        n = (size_t) snprintf(text, sizeof(text), "%s%s%sby %s%s, %s%s", *v->filter ? "/" : "", v->filter, *v->filter ? ", " : "",
                              top_sort_word(v->sort), v->reverse ? " reversed" : "", v->paused ? "" : "every ",
                              v->paused ? "held still" : top_interval_text(v->interval_usec, interval));
        if (l->columns + 2 + n > l->width)
                return;
        top_line_to(l, l->width - n);
        top_line_put(l, text);
}

static TopLine machines_line(const TopView *v, const TopSample *sample) {
        TopLine l = top_line(v->width, &v->style);

        label(&l, "Machines");
        top_line_putf(&l, "%zu", sample->n);
        put_states(&l, sample);
        put_manner(&l, v);
        return l;
}

static void put_percent(TopLine *l, const char *what, const char *text) {
        top_line_putf(l, "%s%s%s", what, text, strcmp(text, "-") == 0 ? "" : "%");
}

static TopLine cpu_line(const TopView *v, const TopSample *sample) {
        const uint64_t *load = sample->host.load;
        char buf[TOP_CELL], more[2][TOP_CELL];
        TopLine l = top_line(v->width, &v->style);
        uint64_t machines = FIGURE_UNKNOWN;

        for (size_t i = 0; i < sample->n; i++)
                machines = top_sum(machines, sample->rows[i].cpu);
        label(&l, "CPU");
        put_percent(&l, "", top_percent_text(sample->host_cpu, buf));
        if (sample->host.cpus > 0)
                top_line_putf(&l, " of %u%%", sample->host.cpus * 100);
        put_percent(&l, ", machines ", top_percent_text(machines, buf));
        top_line_putf(&l, "   load %s %s %s", top_hundredths_text(load[0], buf), top_hundredths_text(load[1], more[0]),
                      top_hundredths_text(load[2], more[1]));
        return l;
}

static uint64_t used(uint64_t all, uint64_t free) {
        return all == FIGURE_UNKNOWN || free == FIGURE_UNKNOWN ? FIGURE_UNKNOWN : all > free ? all - free : 0;
}

static TopLine memory_line(const TopView *v, const TopSample *sample) {
        const HostFigures *h = &sample->host;
        TopLine l = top_line(v->width, &v->style);
        char some[TOP_CELL], all[TOP_CELL];
        uint64_t machines = FIGURE_UNKNOWN;

        for (size_t i = 0; i < sample->n; i++)
                machines = top_sum(machines, sample->rows[i].memory);
        label(&l, "Memory");
        top_line_putf(&l, "%s of %s", top_bytes_text(used(h->memory, h->memory_available), some), top_bytes_text(h->memory, all));
        top_line_putf(&l, ", machines %s", top_bytes_text(machines, some));
        if (h->swap > 0)
                top_line_putf(&l, "   swap %s of %s", top_bytes_text(used(h->swap, h->swap_free), some), top_bytes_text(h->swap, all));
        return l;
}

static TopLine pressure_line(const TopView *v, const TopSample *sample) {
        const HostFigures *h = &sample->host;
        TopLine l = top_line(v->width, &v->style);
        char buf[TOP_CELL];

        label(&l, "Pressure");
        put_percent(&l, "cpu ", top_hundredths_text(h->cpu_pressure, buf));
        put_percent(&l, ", memory ", top_hundredths_text(h->memory_pressure, buf));
        put_percent(&l, ", io ", top_hundredths_text(h->io_pressure, buf));
        return l;
}

static void add_head(TopScreen *s, const TopView *v, const TopSample *sample) {
        TopLine (*const lines[])(const TopView *v, const TopSample *sample) = { machines_line, cpu_line, memory_line, pressure_line };

        for (size_t i = 0; i < top_view_head(v); i++) {
                TopLine l = lines[i](v, sample);

                add(s, &l);
        }
}

/* ---- the table ---- */

static void add_rows(TopScreen *s, const TopView *v, size_t width, size_t first, size_t n) {
        TopLayout layout = top_layout(width, v->rows, v->n_rows);

        if (n == 0)
                return;
        for (size_t i = first; i < v->n_rows && i < first + n; i++) {
                TopLine l = top_line(width > 0 ? width : SIZE_MAX, &v->style);

                if (v->rows[i] == top_view_chosen(v))
                        top_line_base(&l, LOOK_CHOSEN);
                top_put_row(&l, &layout, v->rows[i]);
                add(s, &l);
        }
}

static void add_headings(TopScreen *s, const TopView *v, size_t width, bool shaded) {
        TopLayout layout = top_layout(width, v->rows, v->n_rows);
        TopLine l = top_line(width > 0 ? width : SIZE_MAX, &v->style);

        if (shaded)
                top_line_base(&l, LOOK_HEADING);
        top_put_headings(&l, &layout, shaded ? v->sort : SORT_NONE);
        add(s, &l);
}

int top_table_make(const TopView *v, TopScreen *ret) {
        int r = screen_new(v->n_rows + 1, ret);

        if (r < 0)
                return r;
        add_headings(ret, v, v->width, false);
        add_rows(ret, v, v->width, 0, v->n_rows);
        return 0;
}

/* ---- the foot ---- */

static TopLine foot_line(const TopView *v) {
        TopLine l = top_line(v->width, &v->style);
        char interval[TOP_INTERVAL_TEXT];

        switch (v->mode) {
        case MODE_FILTER:
                top_line_putf(&l, "Names with: %s_", v->typed);
                break;
        case MODE_INTERVAL:
                top_line_putf(&l, "Seconds between two looks (%s): %s_", top_interval_text(v->interval_usec, interval), v->typed);
                break;
        case MODE_FREEZE:
                top_line_putf(&l, "Freeze %s, all that runs in it? y/n", v->chosen);
                break;
        default:
                if (*v->message) {
                        top_line_put(&l, v->message);
                        break;
                }
                top_line_look(&l, LOOK_DIM);
                top_line_put(&l, "h help  q quit  arrows choose  Enter status  f freeze  / find  Space hold still");
                top_line_look(&l, LOOK_PLAIN);
        }
        return l;
}

static void add_foot(TopScreen *s, const TopView *v) {
        TopLine l;

        while (s->n + 1 < v->height) {
                l = top_line(v->width, &v->style);
                add(s, &l);
        }
        l = foot_line(v);
        add(s, &l);
}

/* ---- text ---- */

static void add_text(TopScreen *s, const TopView *v) {
        TopLine l = top_line(v->width, &v->style);
        size_t n = strv_length(v->text);

        top_line_base(&l, LOOK_HEADING);
        top_line_put(&l, v->text_title);
        add(s, &l);
        for (size_t i = v->text_first; i < n && s->n + 1 < v->height; i++) {
                _cleanup_free_ char *plain = malloc(strlen(v->text[i]) + 1);

                l = top_line(v->width, &v->style);
                if (plain)
                        top_line_put(&l, top_plain(v->text[i], &v->style, plain, strlen(v->text[i]) + 1));
                add(s, &l);
        }
        while (s->n + 1 < v->height) {
                l = top_line(v->width, &v->style);
                add(s, &l);
        }
        if (v->height > 1) {
                l = top_line(v->width, &v->style);
                top_line_look(&l, LOOK_DIM);
                top_line_put(&l, n > top_view_text_room(v) ? "arrows, Space scroll  q back" : "q back");
                top_line_look(&l, LOOK_PLAIN);
                add(s, &l);
        }
}

int top_screen_make(const TopView *v, const TopSample *sample, TopScreen *ret) {
        int r = screen_new(v->height + 1, ret);

        if (r < 0)
                return r;
        if (v->mode == MODE_TEXT) {
                add_text(ret, v);
                return 0;
        }
        add_head(ret, v, sample);
        if (v->height > 1)
                add_headings(ret, v, v->width, true);
        add_rows(ret, v, v->width, v->first, top_view_room(v));
        if (top_view_has_foot(v))
                add_foot(ret, v);
        return 0;
}
