/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-nic.h"

#include <string.h>

#include "endpoint.h"
#include "event-log.h"
#include "fd.h"
#include "log.h"
#include "namespace.h"
#include "nic-change.h"
#include "registration.h"
#include "zone-services.h"

static int begin(const Machine *m, NicChange *ret, Error **reterr) {
        const MachineRecord *rec = m->record;
        int fd;

        if (rec->network != NETWORK_OWN) {
                error_set(reterr, EOPNOTSUPP, "The machine '%s' was started with --network=%s: nbox changes nothing of its network",
                          rec->name, network_kind_to_string(rec->network) ?: "?");
                return error_hint(reterr, -EOPNOTSUPP,
                                  "Start it with an interface, --network=veth for instance, to add others while it runs.");
        }
        fd = namespace_open(rec->leader, "net");
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open the network namespace of '%s'", rec->name);
        *ret = (NicChange){ .machine = rec->name, .netns = fd, .keep_address = rec->mode == START_BOOT };
        return 0;
}

/* What fails here leaves an interface that works. */
static void say(int r, const Error *error) {
        if (r < 0)
                log_warning("%s, ignoring", error ? error->message : strerror(-r));
}

static void run_beside(const Machine *m, const NicConfig *config, bool wants_service) {
        _cleanup_free_ char *keeper = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        sd_bus *bus = NULL;
        int r;

        if (config->kind != NIC_INTERFACE && !wants_service)
                return;
        r = m->record->scope ? host_bus_open(&bus, &error) : 0;
        if (r == 0 && wants_service)
                zone_service_spawn(config->zone);
        else if (r > 0 && wants_service)
                r = zone_want(bus, m->record->name, config->zone, &error);
        else if (r > 0 && (keeper = machine_return_service_name(m->record->name)))
                scope_start_wanted(bus, (char *[]){ keeper, NULL });
        say(r, error);
        sd_bus_flush_close_unref(bus);
}

int live_nic_add(const Machine *m, NicConfig *config, Error **reterr) {
        bool wants_service = false;
        NicChange change;
        int r;

        r = begin(m, &change, reterr);
        if (r < 0)
                return r;
        r = network_add_nic(&change, config, &wants_service, reterr);
        close_fd(change.netns);
        if (r < 0)
                return r;
        run_beside(m, config, wants_service);
        event_log(EVENT_NIC_ADDED, m->record->name, "nic", config->name, "kind", nic_kind_to_string(config->kind), NULL);
        return r;
}

/* Whether another of its interfaces is in that zone. */
static bool is_in_zone(const char *machine, const char *zone) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;

        if (endpoint_load(machine, &e, NULL) <= 0)
                return false;
        for (size_t i = 0; i < e->n_nics; i++)
                if (strcmp(e->nics[i].zone, zone) == 0)
                        return true;
        return false;
}

static void leave_zone(const Machine *m, const char *zone) {
        _cleanup_(error_freep) Error *error = NULL;
        sd_bus *bus = NULL;
        int r;

        if (!m->record->scope || is_in_zone(m->record->name, zone) || host_bus_open(&bus, NULL) <= 0)
                return;
        r = zone_want_no_more(bus, m->record->name, zone, &error);
        say(r, error);
        sd_bus_flush_close_unref(bus);
}

int live_nic_remove(const Machine *m, const char *name, Error **reterr) {
        NicConfig was = {};
        NicChange change;
        int r;

        r = begin(m, &change, reterr);
        if (r < 0)
                return r;
        r = network_remove_nic(&change, name, &was, reterr);
        close_fd(change.netns);
        if (r >= 0 && was.kind == NIC_ZONE)
                leave_zone(m, was.zone);
        if (r >= 0)
                event_log(EVENT_NIC_REMOVED, m->record->name, "nic", name, "kind", nic_kind_to_string(was.kind), NULL);
        return r;
}
