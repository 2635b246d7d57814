/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Of what hung on the bus, systemd-machined has its machines back by itself, from files of its own. What machinectl sends to init is watched for
 * on a connection of its own, which is made again. That systemd asks us to stop the scope is lost for good (scope-end.c). */

#include "bus-again.h"

#include "bus-renewal.h"
#include "enlist.h"
#include "log.h"
#include "scope-end.h"
#include "supervisor.h"
#include "supervisor-stop.h"

static void on_again(sd_bus *bus, BusWatch *watch, void *userdata) {
        _cleanup_(enlistment_done) Enlistment e = {};
        Supervisor *s = userdata;

        bus_watch_free(s->bus_watch);
        sd_bus_close_unref(s->bus);
        s->bus = bus;
        s->bus_watch = watch;
        if (s->leader_fd < 0)
                return;
        log_debug("The system bus was started anew: machine %s is on it again", s->plan->name);
        if (s->scope) {
                enlist_describe(s, &e);
                scope_end_begin(bus, &e.registration);
        }
        stop_watch_machinectl(s);
}

void bus_again_begin(Supervisor *s) {
        _cleanup_(error_freep) Error *error = NULL;

        if (s->bus && bus_renewal_new(s->event, s->bus, on_again, s, &s->renewal, &error) < 0)
                log_warning("%s, ignoring", error ? error->message : "Out of memory");
}

void bus_again_end(Supervisor *s) {
        s->renewal = bus_renewal_free(s->renewal);
}
