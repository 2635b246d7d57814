/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unit-job.h"

#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "clock.h"
#include "failure.h"
#include "job.h"

struct UnitJob {
        sd_bus *bus;
        JobWait *wait;
        char *unit;
        bool stop;
        uint64_t since; /* CLOCK_REALTIME µs */
};

UnitJob *unit_job_free(UnitJob *j) {
        if (!j)
                return NULL;
        job_wait_free(j->wait);
        sd_bus_unref(j->bus);
        free(j->unit);
        free(j);
        return NULL;
}

static void unit_job_freep(UnitJob **j) {
        unit_job_free(*j);
}

static int begin(sd_bus *bus, const char *unit, bool stop, UnitJob **ret, Error **reterr) {
        _cleanup_(unit_job_freep) UnitJob *j = calloc(1, sizeof(*j));
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!j || !(j->unit = strdup(unit)))
                return error_oom(reterr);
        j->bus = sd_bus_ref(bus);
        j->stop = stop;
        j->since = clock_usec(CLOCK_REALTIME);
        r = job_call_for_unit(bus, stop ? "StopUnit" : "StartUnit", unit, &m, reterr);
        if (r >= 0)
                r = job_wait_new(bus, &j->wait, reterr);
        if (r >= 0)
                r = job_begin(j->wait, m, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(j);
        return r;
}

int unit_job_start(sd_bus *bus, const char *unit, UnitJob **ret, Error **reterr) {
        return begin(bus, unit, false, ret, reterr);
}

int unit_job_stop(sd_bus *bus, const char *unit, UnitJob **ret, Error **reterr) {
        return begin(bus, unit, true, ret, reterr);
}

bool unit_job_is_over(const UnitJob *j) {
        return job_is_over(j->wait);
}

int unit_job_end(UnitJob *j, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *result = NULL;
        int r = job_end(j->wait, &e, &result, reterr);

        if (r < 0)
                return r;
        if (!j->stop)
                return unit_start_outcome(j->bus, j->unit, result, j->since, reterr);
        return strcmp(result, "done") == 0 ? 0 : error_set(reterr, EIO, "systemd could not stop %s: %s", j->unit, result);
}

int unit_jobs_process(sd_bus *bus, uint64_t usec, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = bus_step(bus, usec, &error);

        return r < 0 && r != -ETIMEDOUT ? error_pass(reterr, r, &error) : 0;
}
