/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics-collect.h"

#include "clock.h"
#include "strv.h"
#include "zone-state.h"

void metrics_figures_free(MetricsFigures *f) {
        if (!f)
                return;
        free(f->machines);
        machine_list_free(f->list, f->n_listed);
        free(f);
}

/* What is closing, or dead and not yet swept, is no machine to `list` either. One that is between two lives is there, and has no figures but
 * those of its record. */
static int read_machines(MetricsFigures *f, Error **reterr) {
        _cleanup_(usage_reader_freep) UsageReader *reader = NULL;
        int r = usage_reader_new(&reader, reterr);

        if (r >= 0)
                r = machine_list(&f->list, &f->n_listed, reterr);
        if (r < 0)
                return r;
        f->machines = calloc(f->n_listed + 1, sizeof(*f->machines));
        if (!f->machines)
                return error_oom(reterr);
        for (size_t i = 0; i < f->n_listed; i++) {
                MetricsMachine *m = &f->machines[f->n_machines];

                if (f->list[i]->state == MACHINE_DEAD || f->list[i]->state == MACHINE_CLOSING)
                        continue;
                m->machine = f->list[i];
                m->usage_is_known = machine_usage_read(reader, m->machine, &m->usage, NULL) >= 0;
                f->n_machines++;
        }
        return 0;
}

static uint64_t count_zones(void) {
        _cleanup_strv_ char **zones = NULL;

        return zone_state_list(&zones, NULL) < 0 ? FIGURE_UNKNOWN : strv_length(zones);
}

int metrics_collect(MetricsFigures **ret, Error **reterr) {
        _cleanup_(metrics_figures_freep) MetricsFigures *f = calloc(1, sizeof(*f));
        uint64_t begin = clock_usec(CLOCK_MONOTONIC);
        int r;

        if (!f)
                return error_oom(reterr);
        r = read_machines(f, reterr);
        if (r < 0)
                return r;
        f->zones = count_zones();
        f->taken_usec = clock_usec(CLOCK_MONOTONIC) - begin;
        *ret = TAKE_PTR(f);
        return 0;
}
