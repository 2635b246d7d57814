/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enlist.h"

#include <string.h>

#include "clock.h"
#include "log.h"
#include "machine-order.h"
#include "nics.h"
#include "plan-devices.h"
#include "strv.h"
#include "supervisor.h"
#include "zone-services.h"

#define CANCEL_PATIENCE_USEC 500000
#define LEFT_OVER_USEC (20 * UINT64_C(1000000))
#define LEFT_OVER_STEP_USEC 50000
#define LEFT_OVER_STEPS 20 /* of waiting; then systemd-machined is asked to let go */
#define STOP_SIGNAL_USEC (2 * UINT64_C(1000000)) /* from the end of the job to the signal, on a host that is busy */

static int cancelled(Error **reterr) {
        return error_set(reterr, ECANCELED, "The machine was asked to end before it ran");
}

static int begin(Supervisor *s, const Registration *reg, PendingRegistration **ret, Error **reterr) {
        if (!s->bus || !s->plan->registered)
                return 0;
        return registration_start(s->bus, reg, ret, reterr);
}

static int begin_scope(Supervisor *s, const Registration *reg, PendingScope **ret, Error **reterr) {
        if (!s->bus || s->plan->registered)
                return 0;
        return scope_begin(s->bus, reg, ret, reterr);
}

/* systemd may take its time, and who starts the machine need not wait for it: signals and requests are heard. An answer that is just
 * coming is waited for all the same, so that what it tells of can be taken away in order. */
static int await_systemd(Supervisor *s, const PendingRegistration *machine, const PendingScope *scope, Error **reterr) {
        uint64_t end = UINT64_MAX, now = 0;

        while (machine ? !registration_is_answered(machine) : !scope_is_answered(scope)) {
                int r = event_run(s->event, end == UINT64_MAX ? UINT64_MAX : end - now);

                if (r < 0)
                        return error_errno(reterr, r, "Lost the connection to the system bus");
                now = clock_usec(CLOCK_MONOTONIC);
                if (end == UINT64_MAX && supervisor_is_cancelled(s))
                        end = clock_deadline(CANCEL_PATIENCE_USEC);
                if (now >= end) {
                        s->abandoned = true;
                        return error_set(reterr, ECANCELED, "systemd was not waited for");
                }
        }
        return 0;
}

/* `scope`: that has been asked for already, or NULL. */
static int make_scope(Supervisor *s, PendingScope *scope, const Registration *reg, Error **reterr) {
        int r = scope ? 0 : scope_begin(s->bus, reg, &scope, reterr);

        if (r >= 0)
                r = await_systemd(s, NULL, scope, reterr);
        if (r < 0) {
                scope_cancel(scope);
                return r;
        }
        return scope_finish(scope, &s->scope, reterr);
}

/* One try. -EEXIST: the scope's name is taken. */
static int register_once(Supervisor *s, PendingRegistration *pending, Error **reterr) {
        int r = await_systemd(s, pending, NULL, reterr);

        if (r < 0) {
                registration_cancel(pending);
                return r;
        }
        r = registration_wait(pending, &s->scope, reterr);
        s->registered = r >= 0;
        return r;
}

/* A start that was stopped a moment ago may have left the scope's name taken, for as long as systemd-machined lives if it was refused.
 * 1 when it was, and is free now. */
static int await_free_scope(Supervisor *s, Error **reterr) {
        _cleanup_free_ char *scope = machine_scope_name(s->plan->name);
        uint64_t end = clock_deadline(LEFT_OVER_USEC);
        int r, waited = 0;

        if (!scope)
                return error_oom(reterr);
        while ((r = scope_is_left_over(s->bus, scope, reterr)) > 0 && clock_usec(CLOCK_MONOTONIC) < end) {
                r = event_run(s->event, LEFT_OVER_STEP_USEC);
                if (r < 0)
                        return error_errno(reterr, r, "Lost the connection to the system bus");
                if (supervisor_is_cancelled(s))
                        return cancelled(reterr);
                if (waited++ != LEFT_OVER_STEPS)
                        continue;
                log_info("systemd-machined holds on to %s, which never ran: starting it anew, which no machine notices", scope);
                registration_let_go(s->bus);
        }
        return r < 0 ? r : r == 0 && waited > 0;
}

/* The scope: by systemd-machined, or by systemd alone where that is not wanted or not to be had. */
static int finish(Supervisor *s, PendingRegistration *pending, PendingScope *scope, const Registration *reg, Error **reterr) {
        unsigned tries = 0; /* it may have become free before we looked */

        while (pending) {
                _cleanup_(error_freep) Error *error = NULL;
                int k, r = register_once(s, pending, &error);

                pending = NULL;
                if (r >= 0)
                        return 0;
                if (r == -EEXIST) {
                        k = await_free_scope(s, reterr);
                        if (k == 0 && tries++ > 0)
                                return error_pass(reterr, r, &error);
                        r = k < 0 ? k : begin(s, reg, &pending, reterr);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (r != -EOPNOTSUPP)
                        return error_pass(reterr, r, &error);
                log_warning("%s: machinectl will not see %s, ignoring", error ? error->message : strerror(-r), s->plan->name);
        }
        return s->bus ? make_scope(s, scope, reg, reterr) : 0;
}

/* Who stops our service thereby cancels the start of the scope that is bound to it: then the signal for us is on its way. */
static void await_stop(Supervisor *s) {
        uint64_t end = clock_deadline(STOP_SIGNAL_USEC), now;

        while (s->unit && !supervisor_is_cancelled(s) && (now = clock_usec(CLOCK_MONOTONIC)) < end)
                if (event_run(s->event, end - now) < 0)
                        return;
}

static Registration registration_of(const Supervisor *s) {
        Registration reg = {
                .name = s->plan->name, .leader = s->leader, .root = s->plan->root, .unit = s->unit, .slice = s->plan->slice,
                .ifindices = &s->host_ifindex, .n_ifindices = s->host_ifindex > 0, .properties = s->plan->scope_properties,
                .stop_timeout_usec = s->plan->stop_timeout_usec,
        };

        memcpy(reg.id, s->plan->id, sizeof(reg.id));
        return reg;
}

void enlistment_done(Enlistment *e) {
        e->slice = properties_cancel(e->slice);
        e->scope = scope_cancel(e->scope);
        strv_free(e->wants);
        strv_free(e->before);
        strv_free(e->devices);
}

/* Only services have an order. */
static void find_behind(const Supervisor *s, Enlistment *e) {
        _cleanup_free_ char *service = machine_service_name(s->plan->name);
        _cleanup_(error_freep) Error *error = NULL;

        if (!s->unit || !service || strcmp(s->unit, service) != 0)
                return;
        if (machine_order_units_behind(s->plan->name, &e->before, &error) < 0)
                log_warning("%s, ignoring", error ? error->message : "Cannot read in which order machines stop");
}

/* It has its limits when the scope comes into it: systemd is asked first, and answers in this order. */
static int begin_slice(Supervisor *s, Enlistment *e, Error **reterr) {
        if (!s->bus || strv_length(s->plan->slice_properties) == 0)
                return 0;
        return properties_begin(s->bus, s->plan->slice, s->plan->slice_properties, &e->slice, reterr);
}

static int end_slice(Supervisor *s, Enlistment *e, Error **reterr) {
        int r;

        if (!e->slice)
                return 0;
        while (!properties_are_answered(e->slice)) {
                r = event_run(s->event, UINT64_MAX);
                if (r < 0)
                        return error_errno(reterr, r, "Lost the connection to the system bus");
                if (supervisor_is_cancelled(s))
                        return cancelled(reterr);
        }
        return properties_finish(TAKE_PTR(e->slice), reterr);
}

void enlist_describe(const Supervisor *s, Enlistment *e) {
        *e = (Enlistment){ .registration = registration_of(s) };
        find_behind(s, e);
        e->registration.before = e->before;
}

int enlist_begin(Supervisor *s, Enlistment *e, Error **reterr) {
        int r;

        enlist_describe(s, e);
        r = zone_services_units(s, &e->wants, reterr);
        if (r >= 0 && nic_list_has(&s->plan->nics, NIC_INTERFACE) &&
            strv_consume(&e->wants, machine_return_service_name(s->plan->name)) < 0)
                r = error_oom(reterr);
        if (r < 0)
                return r;
        if (plan_device_rules(s->plan, &e->devices) < 0)
                return error_oom(reterr);
        e->registration.wants = e->wants;
        e->registration.devices = e->devices;
        r = begin_slice(s, e, reterr);
        if (r < 0)
                return r;
        supervisor_hear(s); /* systemd refuses a scope that is bound to a service which it is stopping */
        if (supervisor_is_cancelled(s))
                return cancelled(reterr);
        r = begin(s, &e->registration, &e->pending, reterr);
        return r < 0 ? r : begin_scope(s, &e->registration, &e->scope, reterr);
}

int enlist_end(Supervisor *s, Enlistment *e, Error **reterr) {
        int r = finish(s, TAKE_PTR(e->pending), TAKE_PTR(e->scope), &e->registration, reterr);

        if (r < 0)
                await_stop(s);
        else if (s->scope && (r = end_slice(s, e, reterr)) < 0)
                return r;
        else if (s->scope)
                scope_start_wanted(s->bus, e->wants);
        return r >= 0 && supervisor_is_cancelled(s) ? cancelled(reterr) : r;
}

void enlist_abandon(Supervisor *s, Enlistment *e) {
        if (!e->pending && !e->scope)
                return;
        s->registered = e->pending != NULL;
        e->pending = registration_cancel(e->pending);
        e->scope = scope_cancel(e->scope);
        s->scope = machine_scope_name(s->plan->name);
}
