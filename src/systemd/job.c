/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Waiting for a job of systemd's.
 *
 * JobRemoved is sent to the bus only while somebody is subscribed, or to whoever asked for the job: that is us, so no
 * Subscribe() is needed. sd_bus_call() leaves signals that come before its answer in the queue; they are looked
 * at after the job's path is known, so that none is lost. */

#include "job.h"

#include <string.h>

#include "bus.h"

#define TICK_USEC (200 * UINT64_C(1000))

struct JobWait {
        sd_bus *bus;
        const JobHook *hook;
        sd_bus_slot *slot;
        char *job;    /* object path */
        char *result; /* once it has ended */
};

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *path, *result;
        int r;

        (void) e;
        r = sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result);
        if (r < 0 || !w->job || w->result || strcmp(path, w->job) != 0)
                return 0;
        w->result = strdup(result);
        return w->result ? 0 : -ENOMEM;
}

int job_wait_new(sd_bus *bus, JobWait **ret, Error **reterr) {
        _cleanup_(job_wait_freep) JobWait *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return error_oom(reterr);
        w->bus = sd_bus_ref(bus);
        r = sd_bus_match_signal(bus, &w->slot, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "JobRemoved",
                                on_job_removed, w);
        if (r < 0)
                return error_errno(reterr, r, "Cannot listen for systemd's jobs on the system bus");
        *ret = TAKE_PTR(w);
        return 0;
}

JobWait *job_wait_free(JobWait *w) {
        if (!w)
                return NULL;
        sd_bus_slot_unref(w->slot);
        sd_bus_unref(w->bus);
        free(w->job);
        free(w->result);
        free(w);
        return NULL;
}

void job_wait_set_hook(JobWait *w, const JobHook *hook) {
        w->hook = hook;
}

/* 0, or 1 when the hook wants to wait no longer. */
static int step(JobWait *w, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!w->hook)
                return bus_step(w->bus, UINT64_MAX, reterr);
        r = bus_step(w->bus, TICK_USEC, &error);
        if (r < 0 && r != -ETIMEDOUT)
                return error_pass(reterr, r, &error);
        return w->hook->tick(w->hook->userdata);
}

int job_run(JobWait *w, sd_bus_message *call, sd_bus_error *e, char **ret_result, Error **reterr) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = sd_bus_call(w->bus, call, 0, e, &reply);
        if (r < 0)
                return bus_failed(reterr, r, e, "systemd refused %s()", sd_bus_message_get_member(call));
        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read systemd's answer to %s()", sd_bus_message_get_member(call));

        free(w->job);
        w->job = strdup(path);
        if (!w->job)
                return error_oom(reterr);
        while (!w->result) {
                r = step(w, reterr);
                if (r != 0)
                        return r;
        }
        *ret_result = TAKE_PTR(w->result);
        return 0;
}

int job_call_for_unit(sd_bus *bus, const char *method, const char *unit, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "replace");
        if (r < 0)
                return bus_unbuilt(reterr, r, method);
        *ret = TAKE_PTR(m);
        return 0;
}

int job_run_for_unit(sd_bus *bus, const char *method, const char *unit, sd_bus_error *e, char **ret_result, Error **reterr) {
        _cleanup_(job_wait_freep) JobWait *wait = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = job_call_for_unit(bus, method, unit, &m, reterr);
        if (r >= 0)
                r = job_wait_new(bus, &wait, reterr);
        return r < 0 ? r : job_run(wait, m, e, ret_result, reterr);
}
