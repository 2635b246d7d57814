/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-sample.h"

#include <fnmatch.h>
#include <string.h>

#include "clock.h"
#include "machine-usage.h"
#include "text.h"

/* What a machine had used when it was looked at last. */
typedef struct Past {
        char *name;
        MachineUsage usage;
} Past;

struct TopSampler {
        char *const *names;
        UsageReader *reader;
        Past *past; /* by name */
        size_t n_past;
        HostFigures host;
        bool looked;
};

static void free_past(Past *past, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(past[i].name);
        free(past);
}

void top_sampler_free(TopSampler *s) {
        if (!s)
                return;
        usage_reader_free(s->reader);
        free_past(s->past, s->n_past);
        free(s);
}

int top_sampler_new(char *const *names, TopSampler **ret, Error **reterr) {
        _cleanup_(top_sampler_freep) TopSampler *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(reterr);
        s->names = names;
        r = usage_reader_new(&s->reader, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

static bool is_wanted(const TopSampler *s, const Machine *m) {
        if (m->state == MACHINE_DEAD || m->state == MACHINE_CLOSING) /* somebody is clearing it away */
                return false;
        for (char *const *name = s->names; name && *name; name++)
                if (fnmatch(*name, m->record->name, 0) == 0)
                        return true;
        return !s->names || !*s->names;
}

static int compare_past(const void *name, const void *past) {
        return strcmp(name, ((const Past *) past)->name);
}

static TopMood mood_of(const Machine *m, const char *shown) {
        if (m->record->frozen)
                return MOOD_FROZEN;
        if (m->state != MACHINE_RUNNING)
                return MOOD_BUSY;
        return strcmp(shown, machine_state_to_string(m->state)) == 0 ? MOOD_GOOD : MOOD_BAD;
}

static uint64_t percent_of(uint64_t n, uint64_t all) {
        return n == FIGURE_UNKNOWN || all == FIGURE_UNKNOWN || all == 0 ? FIGURE_UNKNOWN : (uint64_t) ((double) n * 10000 / (double) all + 0.5);
}

static void take_usage(TopRow *row, const MachineUsage *u, const HostFigures *host) {
        row->memory = u->memory;
        row->memory_max = u->memory_max;
        row->memory_percent = percent_of(u->memory, u->memory_max == FIGURE_UNKNOWN || u->memory_max > host->memory ? host->memory : u->memory_max);
        row->memory_is_summed = u->memory_is_summed;
        row->tasks = u->tasks;
        row->tasks_max = u->tasks_max;
        row->pressure[PRESSURE_CPU] = u->cpu_pressure.some.avg10;
        row->pressure[PRESSURE_MEMORY] = u->memory_pressure.some.avg10;
        row->pressure[PRESSURE_IO] = u->io_pressure.some.avg10;
}

static void take_rates(TopRow *row, const UsageRates *rates) {
        row->cpu = rates->cpu;
        row->io_read = rates->io_read;
        row->io_write = rates->io_written;
        row->net_in = rates->net_received;
        row->net_out = rates->net_sent;
}

static int fill(TopSampler *s, const Machine *m, const TopSample *sample, TopRow *row, Past *now) {
        const Past *before = s->n_past > 0 ? bsearch(m->record->name, s->past, s->n_past, sizeof(*s->past), compare_past) : NULL;
        uint64_t started = m->record->started_usec;

        *row = (TopRow){
                .uptime_usec = started > 0 && sample->taken_usec >= started ? sample->taken_usec - started : FIGURE_UNKNOWN,
                .cpu = FIGURE_UNKNOWN, .memory = FIGURE_UNKNOWN, .memory_max = FIGURE_UNKNOWN, .memory_percent = FIGURE_UNKNOWN,
                .io_read = FIGURE_UNKNOWN, .io_write = FIGURE_UNKNOWN, .net_in = FIGURE_UNKNOWN, .net_out = FIGURE_UNKNOWN,
                .tasks = FIGURE_UNKNOWN, .tasks_max = FIGURE_UNKNOWN, .pressure = { FIGURE_UNKNOWN, FIGURE_UNKNOWN, FIGURE_UNKNOWN },
        };
        if (string_set(&row->name, m->record->name) < 0 || string_set(&row->os, m->record->os) < 0)
                return -ENOMEM;
        row->state = machine_state_shown(m);
        row->real_state = machine_state_to_string(m->state);
        row->health = health_state_to_string(m->record->health);
        row->mood = mood_of(m, row->state);
        if (machine_usage_read(s->reader, m, &now->usage, NULL) < 0) /* it has no group now */
                return 0;
        take_usage(row, &now->usage, &sample->host);
        if (before) {
                UsageRates rates = usage_rates(&before->usage, &now->usage);

                take_rates(row, &rates);
        }
        return string_set(&now->name, m->record->name);
}

static uint64_t host_percent(const HostFigures *before, const HostFigures *now) {
        uint64_t usec = now->taken_usec - before->taken_usec;

        if (before->busy_usec == FIGURE_UNKNOWN || now->busy_usec == FIGURE_UNKNOWN || now->busy_usec < before->busy_usec || usec == 0)
                return FIGURE_UNKNOWN;
        return (uint64_t) ((double) (now->busy_usec - before->busy_usec) * 10000 / (double) usec + 0.5);
}

static void take_host(TopSampler *s, TopSample *sample) {
        host_figures_read(&sample->host);
        sample->taken_usec = clock_usec(CLOCK_REALTIME);
        sample->interval_usec = s->looked ? sample->host.taken_usec - s->host.taken_usec : 0;
        sample->host_cpu = s->looked ? host_percent(&s->host, &sample->host) : FIGURE_UNKNOWN;
        s->host = sample->host;
        s->looked = true;
}

static int take_machines(TopSampler *s, Machine **machines, size_t n, TopSample *sample) {
        Past *now = calloc(n + 1, sizeof(*now));
        size_t n_now = 0;
        int r = 0;

        sample->rows = calloc(n + 1, sizeof(*sample->rows));
        if (!now || !sample->rows)
                r = -ENOMEM;
        for (size_t i = 0; r >= 0 && i < n; i++) {
                if (!is_wanted(s, machines[i]))
                        continue;
                r = fill(s, machines[i], sample, &sample->rows[sample->n++], &now[n_now]);
                n_now += now[n_now].name != NULL;
        }
        free_past(s->past, s->n_past);
        s->past = now;
        s->n_past = now ? n_now : 0;
        return r;
}

int top_sampler_take(TopSampler *sampler, TopSample *s, Error **reterr) {
        Machine **machines;
        size_t n;
        int r = machine_list(&machines, &n, reterr);

        if (r < 0)
                return r;
        top_sample_done(s);
        take_host(sampler, s);
        r = take_machines(sampler, machines, n, s);
        machine_list_free(machines, n);
        return r < 0 ? error_oom(reterr) : 0;
}
