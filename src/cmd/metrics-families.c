/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>

#include "metrics-collect.h"
#include "metrics.h"

/* The one table of all that there is. What a name is called follows Prometheus' conventions: base units, and the unit in the name. A family
 * that is here once keeps its name, its labels and what they mean: others have written queries by it. */

typedef enum MetricScale {
        SCALE_ONE,
        SCALE_USEC,       /* as seconds */
        SCALE_HUNDREDTHS, /* of a percent, as a ratio */
} MetricScale;

/* A figure of each machine's: where it is in MachineUsage, and the labels that it has besides the machine's name. */
typedef struct Figure {
        size_t offset;
        const char *labels[3][2]; /* name and value */
} Figure;

typedef struct Family {
        MetricName name;
        MetricScale scale;
        const Figure *figures;
        size_t n_figures;
        void (*write)(MetricText *t, const MetricsFigures *f); /* else: one that is no plain figure */
} Family;

/* ---- of the host ---- */

static void write_build(MetricText *t, const MetricsFigures *f) {
        (void) f;
        metric_sample(t);
        metric_label(t, "version", NBOX_VERSION);
        metric_number(t, 1);
}

static void write_machines(MetricText *t, const MetricsFigures *f) {
        metric_sample(t);
        metric_number(t, f->n_machines);
}

static void write_zones(MetricText *t, const MetricsFigures *f) {
        if (f->zones == FIGURE_UNKNOWN)
                return;
        metric_sample(t);
        metric_number(t, f->zones);
}

static void write_duration(MetricText *t, const MetricsFigures *f) {
        metric_sample(t);
        metric_seconds(t, f->taken_usec);
}

/* ---- of a machine's record ---- */

static void begin(MetricText *t, const Machine *m) {
        metric_sample(t);
        metric_label(t, "machine", m->record->name);
}

static void put_text(MetricText *t, const char *name, const char *value) {
        if (value && *value)
                metric_label(t, name, value);
}

static void write_info(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++) {
                const MachineRecord *rec = f->machines[i].machine->record;

                begin(t, f->machines[i].machine);
                put_text(t, "image", rec->root);
                put_text(t, "init", rec->mode == START_RUN ? "command" : rec->init_kind == INIT_AUTO ? NULL : init_kind_to_string(rec->init_kind));
                put_text(t, "os", rec->os);
                put_text(t, "unit", rec->unit);
                put_text(t, "slice", rec->slice);
                put_text(t, "zone", rec->zone);
                metric_number(t, 1);
        }
}

/* All words are there, so that a state that has gone is 0 and not missing. */
static void write_state(MetricText *t, const MetricsFigures *f) {
        static const MachineState states[] = { MACHINE_STARTING, MACHINE_BOOTING, MACHINE_RUNNING, MACHINE_STOPPING, MACHINE_REBOOTING };

        for (size_t i = 0; i < f->n_machines; i++)
                for (size_t s = 0; s < ELEMENTSOF(states); s++) {
                        begin(t, f->machines[i].machine);
                        metric_label(t, t->family->name, machine_state_to_string(states[s]));
                        metric_number(t, f->machines[i].machine->state == states[s]);
                }
}

static void write_start_time(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++)
                if (f->machines[i].machine->record->started_usec > 0) {
                        begin(t, f->machines[i].machine);
                        metric_seconds(t, f->machines[i].machine->record->started_usec);
                }
}

static void write_ready(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++) {
                begin(t, f->machines[i].machine);
                metric_number(t, f->machines[i].machine->record->ready);
        }
}

static void write_frozen(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++) {
                begin(t, f->machines[i].machine);
                metric_number(t, f->machines[i].machine->record->frozen);
        }
}

/* Of a machine that has checks. */
static void write_health(MetricText *t, const MetricsFigures *f) {
        static const HealthState states[] = { HEALTH_STATE_STARTING, HEALTH_STATE_HEALTHY, HEALTH_STATE_UNHEALTHY };

        for (size_t i = 0; i < f->n_machines; i++)
                for (size_t s = 0; s < ELEMENTSOF(states) && f->machines[i].machine->record->health != HEALTH_STATE_NONE; s++) {
                        begin(t, f->machines[i].machine);
                        metric_label(t, t->family->name, health_state_to_string(states[s]));
                        metric_number(t, f->machines[i].machine->record->health == states[s]);
                }
}

static void write_ready_time(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++)
                if (f->machines[i].machine->record->ready_usec > 0) {
                        begin(t, f->machines[i].machine);
                        metric_seconds(t, f->machines[i].machine->record->ready_usec);
                }
}

static void write_reboots(MetricText *t, const MetricsFigures *f) {
        for (size_t i = 0; i < f->n_machines; i++) {
                begin(t, f->machines[i].machine);
                metric_number(t, f->machines[i].machine->record->reboots);
        }
}

/* Where no controller counts, it is something else: the anonymous memory of the processes, which has a family of its own. */
static void write_memory_of(MetricText *t, const MetricsFigures *f, bool summed) {
        for (size_t i = 0; i < f->n_machines; i++) {
                const MetricsMachine *m = &f->machines[i];

                if (!m->usage_is_known || m->usage.memory == FIGURE_UNKNOWN || m->usage.memory_is_summed != summed)
                        continue;
                begin(t, m->machine);
                metric_number(t, m->usage.memory);
        }
}

static void write_memory(MetricText *t, const MetricsFigures *f) {
        write_memory_of(t, f, false);
}

static void write_memory_of_processes(MetricText *t, const MetricsFigures *f) {
        write_memory_of(t, f, true);
}

/* ---- the table ---- */

#define AT(field) offsetof(MachineUsage, field)
#define FIGURES(...) .figures = (const Figure[]){ __VA_ARGS__ }, .n_figures = ELEMENTSOF(((const Figure[]){ __VA_ARGS__ }))
#define ONE(field) FIGURES({ AT(field), {} })
#define BY(field, label, value) { AT(field), { { label, value } } }
#define PRESSURE(resource, word, kind, field) { AT(resource##_pressure.kind.field), { { "resource", #resource }, { "kind", #kind }, word } }
#define WINDOW(text) { "window", text }
#define AVERAGES(resource, kind)                                                                                                \
        PRESSURE(resource, WINDOW("10s"), kind, avg10), PRESSURE(resource, WINDOW("1m"), kind, avg60),                          \
                PRESSURE(resource, WINDOW("5m"), kind, avg300)
#define NO_LABEL { NULL, NULL }
#define TOTALS(resource) PRESSURE(resource, NO_LABEL, some, total), PRESSURE(resource, NO_LABEL, full, total)

static const Family families[] = {
        { { "nbox_build", METRIC_INFO, NULL, "The nbox that says all this." }, .write = write_build },
        { { "nbox_machines", METRIC_GAUGE, NULL, "How many machines run, or start, stop or reboot just now." }, .write = write_machines },
        { { "nbox_zones", METRIC_GAUGE, NULL, "How many zones have addresses kept for them." }, .write = write_zones },

        { { "nbox_machine", METRIC_INFO, NULL, "What a machine is." }, .write = write_info },
        { { "nbox_machine_state", METRIC_STATESET, NULL, "What a machine does just now; as nbox list has it, but for what is frozen or unhealthy." },
          .write = write_state },
        { { "nbox_machine_start_time_seconds", METRIC_GAUGE, "seconds", "When this life of a machine began, since 1970." }, .write = write_start_time },
        { { "nbox_machine_ready", METRIC_GAUGE, NULL, "Whether what makes a machine ready has been so." }, .write = write_ready },
        { { "nbox_machine_ready_time_seconds", METRIC_GAUGE, "seconds", "Since when, since 1970." }, .write = write_ready_time },
        { { "nbox_machine_health", METRIC_STATESET, NULL, "Whether a machine is well, where it has health checks." }, .write = write_health },
        { { "nbox_machine_frozen", METRIC_GAUGE, NULL, "Whether nothing of a machine is let run." }, .write = write_frozen },
        { { "nbox_machine_reboots", METRIC_COUNTER, NULL, "Reboots since a machine was started." }, .write = write_reboots },

        { { "nbox_machine_cpu_seconds", METRIC_COUNTER, "seconds", "CPU time used." }, SCALE_USEC,
          FIGURES(BY(cpu_user_usec, "mode", "user"), BY(cpu_system_usec, "mode", "system")) },
        { { "nbox_machine_cpu_throttled_seconds", METRIC_COUNTER, "seconds", "How long a machine was held back by its limit of CPU time." }, SCALE_USEC,
          ONE(throttled_usec) },
        { { "nbox_machine_cpu_limit_ratio", METRIC_GAUGE, "ratio", "CPU time in each second that a machine may use; 1 is one processor." },
          SCALE_USEC, ONE(cpu_max) },

        { { "nbox_machine_memory_bytes", METRIC_GAUGE, "bytes", "Memory in use, with the page cache of the files." }, .write = write_memory },
        { { "nbox_machine_memory_processes_bytes", METRIC_GAUGE, "bytes",
            "Anonymous memory of the processes, where this host has no memory controller to tell all of it." },
          .write = write_memory_of_processes },
        { { "nbox_machine_memory_anonymous_bytes", METRIC_GAUGE, "bytes", "Of the memory in use what is no file's." }, SCALE_ONE, ONE(memory_anon) },
        { { "nbox_machine_memory_file_bytes", METRIC_GAUGE, "bytes", "Of the memory in use the page cache." }, SCALE_ONE, ONE(memory_file) },
        { { "nbox_machine_memory_peak_bytes", METRIC_GAUGE, "bytes", "The most memory that was in use." }, SCALE_ONE, ONE(memory_peak) },
        { { "nbox_machine_memory_limit_bytes", METRIC_GAUGE, "bytes", "Memory that a machine may use: the least of all limits that count." }, SCALE_ONE,
          ONE(memory_max) },
        { { "nbox_machine_memory_high_bytes", METRIC_GAUGE, "bytes", "Memory above which a machine is slowed down." }, SCALE_ONE, ONE(memory_high) },
        { { "nbox_machine_memory_kills", METRIC_COUNTER, NULL, "Processes that the kernel ended for want of memory." }, SCALE_ONE, ONE(oom_kills) },
        { { "nbox_machine_swap_bytes", METRIC_GAUGE, "bytes", "Swap in use." }, SCALE_ONE, ONE(swap) },
        { { "nbox_machine_swap_limit_bytes", METRIC_GAUGE, "bytes", "Swap that a machine may use." }, SCALE_ONE, ONE(swap_max) },

        { { "nbox_machine_io_read_bytes", METRIC_COUNTER, "bytes", "Bytes read from disks." }, SCALE_ONE, ONE(io_read) },
        { { "nbox_machine_io_written_bytes", METRIC_COUNTER, "bytes", "Bytes written to disks." }, SCALE_ONE, ONE(io_written) },
        { { "nbox_machine_io_reads", METRIC_COUNTER, NULL, "Requests to read from disks." }, SCALE_ONE, ONE(io_reads) },
        { { "nbox_machine_io_writes", METRIC_COUNTER, NULL, "Requests to write to disks." }, SCALE_ONE, ONE(io_writes) },

        { { "nbox_machine_network_receive_bytes", METRIC_COUNTER, "bytes", "Bytes that a machine received by all its interfaces." }, SCALE_ONE,
          ONE(net_received) },
        { { "nbox_machine_network_transmit_bytes", METRIC_COUNTER, "bytes", "Bytes that a machine sent by all its interfaces." }, SCALE_ONE,
          ONE(net_sent) },
        { { "nbox_machine_network_receive_packets", METRIC_COUNTER, "packets", "Packets that a machine received." }, SCALE_ONE,
          ONE(net_received_packets) },
        { { "nbox_machine_network_transmit_packets", METRIC_COUNTER, "packets", "Packets that a machine sent." }, SCALE_ONE, ONE(net_sent_packets) },

        { { "nbox_machine_network_receive_errors", METRIC_COUNTER, NULL, "Packets that came to a machine damaged." }, SCALE_ONE,
          ONE(net_received_errors) },
        { { "nbox_machine_network_transmit_errors", METRIC_COUNTER, NULL, "Packets that a machine could not send." }, SCALE_ONE,
          ONE(net_sent_errors) },
        { { "nbox_machine_network_receive_drops", METRIC_COUNTER, NULL, "Packets to a machine that were thrown away." }, SCALE_ONE,
          ONE(net_received_dropped) },
        { { "nbox_machine_network_transmit_drops", METRIC_COUNTER, NULL, "Packets of a machine that were thrown away." }, SCALE_ONE,
          ONE(net_sent_dropped) },

        { { "nbox_machine_tasks", METRIC_GAUGE, NULL, "Processes and their threads." }, SCALE_ONE, ONE(tasks) },
        { { "nbox_machine_tasks_limit", METRIC_GAUGE, NULL, "Processes and threads that a machine may have." }, SCALE_ONE, ONE(tasks_max) },

        { { "nbox_machine_pressure_ratio", METRIC_GAUGE, "ratio", "Part of the time that some, or all, of a machine waited for a resource." },
          SCALE_HUNDREDTHS,
          FIGURES(AVERAGES(cpu, some), AVERAGES(cpu, full), AVERAGES(memory, some), AVERAGES(memory, full), AVERAGES(io, some), AVERAGES(io, full)) },
        { { "nbox_machine_pressure_seconds", METRIC_COUNTER, "seconds", "How long some, or all, of a machine waited for a resource." }, SCALE_USEC,
          FIGURES(TOTALS(cpu), TOTALS(memory), TOTALS(io)) },

        /* the last, since it is known only now */
        { { "nbox_collect_duration_seconds", METRIC_GAUGE, "seconds", "How long it took to read all this." }, .write = write_duration },
};

const MetricName *metrics_iterate(size_t *i) {
        return *i < ELEMENTSOF(families) ? &families[(*i)++].name : NULL;
}

static void write_value(MetricText *t, MetricScale scale, uint64_t value) {
        if (scale == SCALE_USEC)
                metric_seconds(t, value);
        else if (scale == SCALE_HUNDREDTHS)
                metric_ratio(t, value);
        else
                metric_number(t, value);
}

static void write_figure(MetricText *t, const Family *family, const Figure *figure, const MetricsMachine *m) {
        uint64_t value = *(const uint64_t *) ((const char *) &m->usage + figure->offset);

        if (!m->usage_is_known || value == FIGURE_UNKNOWN)
                return;
        begin(t, m->machine);
        for (size_t l = 0; l < ELEMENTSOF(figure->labels) && figure->labels[l][0]; l++)
                metric_label(t, figure->labels[l][0], figure->labels[l][1]);
        write_value(t, family->scale, value);
}

void metrics_format(FILE *out, MetricFormat format, const MetricsFigures *f) {
        MetricText t = { .out = out, .format = format };

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const Family *family = &families[i];

                metric_family(&t, &family->name);
                if (family->write)
                        family->write(&t, f);
                for (size_t m = 0; m < f->n_machines; m++)
                        for (size_t n = 0; n < family->n_figures; n++)
                                write_figure(&t, family, &family->figures[n], &f->machines[m]);
        }
        metric_end(&t);
}

int metrics_write(FILE *out, MetricFormat format, Error **reterr) {
        _cleanup_(metrics_figures_freep) MetricsFigures *f = NULL;
        int r = metrics_collect(&f, reterr);

        if (r < 0)
                return r;
        metrics_format(out, format, f);
        return 0;
}
