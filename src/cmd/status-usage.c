/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a machine uses, for people: one function a line, in the order in which they are shown. What this host cannot tell has no line.
 * Nothing is waited for: what was used lately is against the last sample of its history. */

#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "status.h"
#include "text.h"
#include "usage-graph.h"
#include "usage-json.h"

#define TEXT_MAX 160

typedef struct View {
        const MachineUsage *usage;
        const UsageHistory *history;
} View;

static bool known(uint64_t n) {
        return n != FIGURE_UNKNOWN;
}

/* More of a line, where there is more. */
static void append(char text[TEXT_MAX], const char *fmt, ...) _printf_(2, 3);
static void append(char text[TEXT_MAX], const char *fmt, ...) {
        size_t n = strlen(text);
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text + n, TEXT_MAX - n, fmt, ap);
        va_end(ap);
}

/* "1.25 s", "3 min 5 s", "2 h 14 min": two units at the most. */
static void append_duration(char text[TEXT_MAX], uint64_t usec) {
        uint64_t s = usec / 1000000;

        if (s < 60)
                append(text, "%" PRIu64 ".%02u s", s, (unsigned) (usec % 1000000 / 10000));
        else if (s < 3600)
                append(text, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
        else
                append(text, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
}

static void append_size(char text[TEXT_MAX], const char *before, uint64_t bytes) {
        char size[SIZE_TEXT_MAX];

        append(text, "%s%s", before, size_text(bytes, size));
}

/* "12.3": of hundredths. */
static void append_tenths(char text[TEXT_MAX], uint64_t n) {
        n = (n + 5) / 10;
        append(text, "%" PRIu64 ".%u", n / 10, (unsigned) (n % 10));
}

static void print_cpu(const View *v) {
        const UsageSample *before = usage_history_before(v->history, v->usage);
        uint64_t rate = before ? usage_history_cpu_rate(before, v->usage) : FIGURE_UNKNOWN;
        char text[TEXT_MAX] = "";

        if (!known(v->usage->cpu_usec))
                return;
        append_duration(text, v->usage->cpu_usec);
        if (known(rate)) {
                append(text, ", ");
                append_tenths(text, rate);
                append(text, "%% of one in the last %" PRIu64 " s", (v->usage->taken_usec - before->taken_usec) / 1000000);
        }
        if (known(v->usage->cpu_max))
                append(text, ", at most %" PRIu64 "%%", (v->usage->cpu_max + 5000) / 10000);
        if (known(v->usage->throttled_usec) && v->usage->throttled_usec > 0) {
                append(text, ", held back for ");
                append_duration(text, v->usage->throttled_usec);
        }
        show_line("CPU", "%s", text);
}

static void print_memory(const View *v) {
        const MachineUsage *u = v->usage;
        char text[TEXT_MAX] = "";

        if (!known(u->memory))
                return;
        append_size(text, "", u->memory);
        if (u->memory_is_summed)
                append(text, " in its processes (the kernel does not count for it here)");
        if (known(u->memory_peak))
                append_size(text, ", peak ", u->memory_peak);
        if (known(u->memory_high))
                append_size(text, ", slowed above ", u->memory_high);
        if (known(u->memory_max))
                append_size(text, ", at most ", u->memory_max);
        show_line("Memory", "%s", text);
}

/* Not by show_line(), which would make the colours visible. */
static void print_graph(const View *v) {
        bool color = colors_wanted(STDOUT_FILENO);
        char bars[USAGE_GRAPH_TEXT_MAX], text[TEXT_MAX] = "";
        UsageGraph g;

        usage_graph_make(v->history, v->usage, &g);
        if (g.n < 2)
                return;
        append_size(text, "", g.lowest);
        if (g.highest > g.lowest)
                append_size(text, " to ", g.highest);
        append(text, " in %" PRIu64 " min", (g.span_usec + 30000000) / 60000000);
        printf("%11s %s  %s\n", "", usage_graph_text(&g, v->usage->memory_max, locale_is_utf8(), color, bars), text);
}

static void print_swap(const View *v) {
        char text[TEXT_MAX] = "";

        if (!known(v->usage->swap))
                return;
        append_size(text, "", v->usage->swap);
        if (known(v->usage->swap_max))
                append_size(text, ", at most ", v->usage->swap_max);
        show_line("Swap", "%s", text);
}

static void print_io(const View *v) {
        char text[TEXT_MAX] = "";

        if (!known(v->usage->io_read))
                return;
        append_size(text, "", v->usage->io_read);
        append_size(text, " read, ", v->usage->io_written);
        show_line("IO", "%s written", text);
}

static void print_tasks(const View *v) {
        if (!known(v->usage->tasks))
                return;
        if (known(v->usage->tasks_max))
                show_line("Tasks", "%" PRIu64 " of %" PRIu64, v->usage->tasks, v->usage->tasks_max);
        else
                show_line("Tasks", "%" PRIu64, v->usage->tasks);
}

static void print_pressure(const View *v) {
        const struct {
                const char *name;
                const Pressure *pressure;
        } all[] = {
                { "cpu", &v->usage->cpu_pressure }, { "memory", &v->usage->memory_pressure }, { "io", &v->usage->io_pressure },
        };
        char text[TEXT_MAX] = "";

        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                const PressureLine *some = &all[i].pressure->some;

                if (!known(some->avg10) || !known(some->avg60))
                        continue;
                append(text, "%s%s ", *text ? ", " : "", all[i].name);
                append_tenths(text, some->avg10);
                append(text, "%% ");
                append_tenths(text, some->avg60);
                append(text, "%%");
        }
        if (*text)
                show_line("Pressure", "%s (in 10 s, 60 s)", text);
}

static int look(const Machine *m, MachineUsage *usage, UsageHistory *history) {
        _cleanup_(usage_reader_freep) UsageReader *reader = NULL;
        int r = usage_reader_new(&reader, NULL);

        if (r >= 0)
                r = machine_usage_read(reader, m, usage, NULL);
        if (r >= 0)
                usage_history_read(m->record->name, history);
        return r;
}

void status_usage(const Machine *m) {
        static void (*const lines[])(const View *v) = {
                print_cpu, print_memory, print_graph, print_swap, print_io, print_tasks, print_pressure,
        };
        UsageHistory history;
        MachineUsage usage;

        if (look(m, &usage, &history) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                lines[i](&(View){ &usage, &history });
}

json_t *status_usage_json(const Machine *m) {
        UsageHistory history;
        MachineUsage usage;

        return look(m, &usage, &history) < 0 ? json_null() : usage_to_json(&usage, &history);
}
