/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage-json.h"

#include <stddef.h>

#include "cleanup.h"

static const struct {
        const char *key;
        size_t offset;
} figures[] = {
        { "cpu_usec", offsetof(MachineUsage, cpu_usec) },
        { "cpu_user_usec", offsetof(MachineUsage, cpu_user_usec) },
        { "cpu_system_usec", offsetof(MachineUsage, cpu_system_usec) },
        { "cpu_throttled_usec", offsetof(MachineUsage, throttled_usec) },
        { "memory_bytes", offsetof(MachineUsage, memory) },
        { "memory_anonymous_bytes", offsetof(MachineUsage, memory_anon) },
        { "memory_file_bytes", offsetof(MachineUsage, memory_file) },
        { "memory_peak_bytes", offsetof(MachineUsage, memory_peak) },
        { "memory_max_bytes", offsetof(MachineUsage, memory_max) },
        { "memory_high_bytes", offsetof(MachineUsage, memory_high) },
        { "swap_bytes", offsetof(MachineUsage, swap) },
        { "swap_max_bytes", offsetof(MachineUsage, swap_max) },
        { "memory_kills", offsetof(MachineUsage, oom_kills) },
        { "tasks", offsetof(MachineUsage, tasks) },
        { "tasks_max", offsetof(MachineUsage, tasks_max) },
        { "io_read_bytes", offsetof(MachineUsage, io_read) },
        { "io_written_bytes", offsetof(MachineUsage, io_written) },
        { "io_reads", offsetof(MachineUsage, io_reads) },
        { "io_writes", offsetof(MachineUsage, io_writes) },
        { "network_received_bytes", offsetof(MachineUsage, net_received) },
        { "network_sent_bytes", offsetof(MachineUsage, net_sent) },
        { "network_received_packets", offsetof(MachineUsage, net_received_packets) },
        { "network_sent_packets", offsetof(MachineUsage, net_sent_packets) },
};

json_t *figure_to_json(uint64_t n) {
        return n > INT64_MAX ? json_null() : json_integer((json_int_t) n);
}

json_t *hundredths_to_json(uint64_t n) {
        return n == FIGURE_UNKNOWN ? json_null() : json_real((double) n / 100);
}

static json_t *line_to_json(const PressureLine *l) {
        return json_pack("{s:o, s:o, s:o, s:o}", "avg10_percent", hundredths_to_json(l->avg10), "avg60_percent", hundredths_to_json(l->avg60),
                         "avg300_percent", hundredths_to_json(l->avg300), "total_usec", figure_to_json(l->total));
}

static json_t *pressure_to_json(const Pressure *p) {
        return json_pack("{s:o, s:o}", "some", line_to_json(&p->some), "full", line_to_json(&p->full));
}

/* Of CPU time there is a rate once there is a sample to compare with. */
static json_t *cpu_rate(const MachineUsage *u, const UsageHistory *h, uint64_t *ret_span) {
        const UsageSample *s = usage_history_before(h, u);

        *ret_span = s ? u->taken_usec - s->taken_usec : FIGURE_UNKNOWN;
        return hundredths_to_json(s ? usage_history_cpu_rate(s, u) : FIGURE_UNKNOWN);
}

static json_t *history_to_json(const MachineUsage *u, const UsageHistory *h) {
        json_t *all = json_array();

        for (size_t i = 0; i < h->n; i++) {
                const UsageSample *s = h->samples + i;
                uint64_t age = u->taken_usec > s->taken_usec ? u->taken_usec - s->taken_usec : 0;

                json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o}", "age_usec", figure_to_json(age), "cpu_usec", figure_to_json(s->cpu_usec),
                                                     "memory_bytes", figure_to_json(s->memory), "tasks", figure_to_json(s->tasks)));
        }
        return all;
}

json_t *usage_to_json(const MachineUsage *u, const UsageHistory *h) {
        json_t *o = json_object();
        uint64_t span;

        for (size_t i = 0; i < ELEMENTSOF(figures); i++)
                json_object_set_new(o, figures[i].key, figure_to_json(*(const uint64_t *) ((const char *) u + figures[i].offset)));
        json_object_set_new(o, "cpu_max_percent", hundredths_to_json(u->cpu_max == FIGURE_UNKNOWN ? FIGURE_UNKNOWN : u->cpu_max / 100));
        json_object_set_new(o, "cpu_percent", cpu_rate(u, h, &span));
        json_object_set_new(o, "cpu_percent_usec", figure_to_json(span));
        json_object_set_new(o, "memory_is_summed", json_boolean(u->memory_is_summed));
        json_object_set_new(o, "pressure", json_pack("{s:o, s:o, s:o}", "cpu", pressure_to_json(&u->cpu_pressure), "memory",
                                                     pressure_to_json(&u->memory_pressure), "io", pressure_to_json(&u->io_pressure)));
        json_object_set_new(o, "history", history_to_json(u, h));
        return o;
}
