/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-json.h"

#include "json-text.h"

static json_t *number(uint64_t n) {
        return n > INT64_MAX ? json_null() : json_integer((json_int_t) n);
}

static json_t *hundredths(uint64_t n) {
        return n == FIGURE_UNKNOWN ? json_null() : json_real((double) n / 100);
}

static json_t *used(uint64_t all, uint64_t free) {
        return all == FIGURE_UNKNOWN || free == FIGURE_UNKNOWN ? json_null() : number(all > free ? all - free : 0);
}

static json_t *pressure(uint64_t cpu, uint64_t memory, uint64_t io) {
        return json_pack("{s:o, s:o, s:o}", "cpu", hundredths(cpu), "memory", hundredths(memory), "io", hundredths(io));
}

static json_t *host(const TopSample *s) {
        const HostFigures *h = &s->host;

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:[ooo], s:o}", "cpus", h->cpus > 0 ? number(h->cpus) : json_null(), "cpu_percent",
                         hundredths(s->host_cpu), "memory", number(h->memory), "memory_used", used(h->memory, h->memory_available), "swap",
                         number(h->swap), "swap_used", used(h->swap, h->swap_free), "load", hundredths(h->load[0]), hundredths(h->load[1]),
                         hundredths(h->load[2]), "pressure", pressure(h->cpu_pressure, h->memory_pressure, h->io_pressure));
}

static json_t *machine(const TopRow *r) {
        return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "machine", r->name, "state",
                         r->real_state, "frozen", (int) (r->mood == MOOD_FROZEN), "cpu_percent", hundredths(r->cpu), "memory",
                         number(r->memory), "memory_max", number(r->memory_max), "memory_percent", hundredths(r->memory_percent),
                         "memory_is_summed", (int) r->memory_is_summed, "io_read", number(r->io_read), "io_written", number(r->io_write),
                         "net_received", number(r->net_in), "net_sent", number(r->net_out), "tasks", number(r->tasks), "tasks_max",
                         number(r->tasks_max), "pressure",
                         pressure(r->pressure[PRESSURE_CPU], r->pressure[PRESSURE_MEMORY], r->pressure[PRESSURE_IO]), "uptime_usec",
                         number(r->uptime_usec));
}

json_t *top_json(const TopSample *sample, const TopRow *const *rows, size_t n) {
        json_t *all = json_array(), *one;

        for (size_t i = 0; all && i < n; i++) {
                one = machine(rows[i]);
                if (!one || json_object_set_new(one, "os", json_text(rows[i]->os)) < 0 ||
                    json_object_set_new(one, "health", json_text(rows[i]->health)) < 0 || json_array_append_new(all, one) < 0) {
                        json_decref(all);
                        return NULL;
                }
        }
        return json_pack("{s:I, s:o, s:o, s:o}", "usec", (json_int_t) sample->taken_usec, "interval_usec",
                         sample->interval_usec > 0 ? number(sample->interval_usec) : json_null(), "host", host(sample), "machines", all);
}
