/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "bus.h"
#include "host-watch-parts.h"
#include "name.h"
#include "record.h"
#include "registration.h"

/* systemd-machined says of every machine when it comes and goes. Ours are known better; which are ours is told by their records, and of one
 * whose record has gone by now by who registered it. */

#define MACHINED_MACHINE MACHINED_SERVICE ".Machine"
#define OUR_SERVICE "nbox"

static bool is_ours(HostWatch *w, const char *name, const char *object) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        _cleanup_free_ char *service = NULL;

        if (record_load(name, &rec, NULL) >= 0)
                return true;
        return sd_bus_get_property_string(w->bus, MACHINED_SERVICE, object, MACHINED_MACHINE, "Service", NULL, &service) < 0 ||
                strcmp(service, OUR_SERVICE) == 0;
}

/* 1: it is one of others', and was not known. */
static int add(HostWatch *w, const char *name, const char *object) {
        if (!machine_name_is_valid(name) || strv_contains(w->others, name) || is_ours(w, name, object))
                return 0;
        return strv_append(&w->others, name) < 0 ? -ENOMEM : 1;
}

static bool forget(HostWatch *w, const char *name) {
        for (char **o = w->others; o && *o; o++)
                if (strcmp(*o, name) == 0) {
                        size_t last = strv_length(w->others) - 1;

                        free(*o);
                        *o = w->others[last];
                        w->others[last] = NULL;
                        return true;
                }
        return false;
}

static int on_machine(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        HostWatch *w = userdata;
        bool is_new = sd_bus_message_is_signal(m, MACHINED_MANAGER, "MachineNew") > 0;
        const char *name, *object;
        int r = host_watch_read_log(w);

        if (r >= 0 && (sd_bus_message_read(m, "so", &name, &object) < 0 || !bus_signal_is_of(m, MACHINED_SERVICE)))
                return 0;
        if (r >= 0 && is_new && (r = add(w, name, object)) > 0)
                r = host_watch_say(w, host_event_new(EVENT_READY, name));
        else if (r >= 0 && !is_new && forget(w, name))
                r = host_watch_say(w, host_event_new(EVENT_STOPPED, name));
        return r < 0 ? event_exit(w->loop, r) : 0;
}

static int subscribe(HostWatch *w, const char *member) {
        return sd_bus_match_signal(w->bus, NULL, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, member, on_machine, w);
}

static int list(HostWatch *w, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *name, *object;
        int r;

        r = sd_bus_call_method(w->bus, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "ListMachines", &e, &reply, NULL);
        if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot ask systemd-machined for its machines");
        r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        while (r > 0 && (r = sd_bus_message_read(reply, "(ssso)", &name, NULL, NULL, &object)) > 0)
                r = add(w, name, object) < 0 ? -ENOMEM : 1;
        return r < 0 ? error_errno(reterr, r, "Cannot read systemd-machined's list of machines") : 0;
}

/* A host without systemd-machined has no machines of others' that anybody knows of. */
int watch_others_begin(HostWatch *w, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = host_bus_open(&w->bus, reterr);

        if (r <= 0)
                return r;
        r = subscribe(w, "MachineNew");
        if (r >= 0)
                r = subscribe(w, "MachineRemoved");
        if (r >= 0)
                r = bus_watch_new(w->bus, w->loop, &w->bus_watch);
        if (r < 0)
                return error_errno(reterr, r, "Cannot listen to systemd-machined");
        if (list(w, &error) < 0)
                watch_others_end(w);
        return 0;
}

void watch_others_end(HostWatch *w) {
        if (!w->bus)
                return;
        w->bus_watch = bus_watch_free(w->bus_watch);
        sd_bus_flush_close_unref(w->bus);
        w->bus = NULL;
}
