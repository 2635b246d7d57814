/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Waiting for a job of systemd's.
 *
 * JobRemoved is sent to the bus only while somebody is subscribed, or to whoever asked for the job: that is us, so no
 * Subscribe() is needed. */

#include "job.h"

#include <string.h>

#include "bus.h"

#define TICK_USEC (200 * UINT64_C(1000))

struct JobWait {
        sd_bus *bus;
        const JobHook *hook;
        sd_bus_slot *slot, *answer_slot;
        sd_bus_message *call, *answer;
        char *job;    /* object path */
        char *result; /* once it has ended */
};

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *path, *result;
        int r;

        (void) e;
        r = sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result);
        if (r < 0 || !w->job || w->result || strcmp(path, w->job) != 0 || !bus_signal_is_of(m, SYSTEMD_SERVICE))
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
        sd_bus_slot_unref(w->answer_slot);
        sd_bus_message_unref(w->call);
        sd_bus_message_unref(w->answer);
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

/* The answer comes before the signal: both are sent by PID 1, in this order. */
static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        JobWait *w = userdata;
        const char *path;

        (void) e;
        w->answer = sd_bus_message_ref(m);
        if (!sd_bus_message_get_error(m) && sd_bus_message_read(m, "o", &path) >= 0)
                w->job = strdup(path);
        return 0;
}

int job_begin(JobWait *w, sd_bus_message *call, Error **reterr) {
        int r;

        w->call = sd_bus_message_ref(call);
        r = sd_bus_call_async(w->bus, &w->answer_slot, call, on_answer, w, 0);
        if (r >= 0)
                r = sd_bus_flush(w->bus);
        return r < 0 ? error_errno(reterr, r, "Cannot send systemd %s()", sd_bus_message_get_member(call)) : 0;
}

bool job_is_over(const JobWait *w) {
        return w->result || (w->answer && !w->job);
}

int job_end(JobWait *w, sd_bus_error *e, char **ret_result, Error **reterr) {
        const char *method = sd_bus_message_get_member(w->call);
        int r;

        if (w->result) {
                *ret_result = TAKE_PTR(w->result);
                return 0;
        }
        r = sd_bus_error_copy(e, sd_bus_message_get_error(w->answer));
        if (r < 0)
                return bus_failed(reterr, r, e, "systemd refused %s()", method);
        return error_errno(reterr, -EBADMSG, "Cannot read systemd's answer to %s()", method);
}

int job_run(JobWait *w, sd_bus_message *call, sd_bus_error *e, char **ret_result, Error **reterr) {
        int r = job_begin(w, call, reterr);

        while (r == 0 && !job_is_over(w))
                r = step(w, reterr);
        return r != 0 ? r : job_end(w, e, ret_result, reterr);
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
