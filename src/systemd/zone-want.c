/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A scope says what it wants when it is made, and systemd takes no more from it later. So a machine that comes into a zone while it runs gets a
 * unit beside its scope which wants the zone's service in its place, and which ends with it. */

#include <string.h>

#include "bus.h"
#include "registration.h"
#include "unit.h"

static char *want_name(const char *machine, const char *zone) {
        _cleanup_free_ char *scope = machine_scope_name(machine);
        char *unit;

        return scope && asprintf(&unit, "nbox-nic-%.*s-%s.service", (int) (strrchr(scope, '.') - scope) - 8, scope + 8, zone) >= 0 ? unit : NULL;
}

static int build(sd_bus *bus, const char *machine, const char *zone, sd_bus_message **ret) {
        _cleanup_free_ char *unit = want_name(machine, zone), *scope = machine_scope_name(machine), *service = zone_service_name(zone);
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!unit || !scope || !service)
                return -ENOMEM;
        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "replace");
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sv)", 9,
                                          "Description", "s", "A machine's interface in a zone, added while it runs",
                                          "Type", "s", "oneshot",
                                          "RemainAfterExit", "b", 1,
                                          "CollectMode", "s", "inactive-or-failed",
                                          "Slice", "s", "machine.slice",
                                          "BindsTo", "as", 1, scope,
                                          "After", "as", 1, scope,
                                          "Wants", "as", 1, service,
                                          "ExecStart", "a(sasb)", 1, "/bin/true", 1, "/bin/true", 0);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

int zone_want(sd_bus *bus, const char *machine, const char *zone, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *service = NULL;
        int r = build(bus, machine, zone, &m);

        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        r = sd_bus_call(bus, m, 0, &e, NULL);
        if (r < 0 && !sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".UnitExists")) /* by an earlier interface in the same zone */
                return error_set(reterr, r, "Cannot have the service of the zone '%s' run: %s", zone, e.message ?: strerror(-r));
        service = zone_service_name(zone);
        if (service)
                scope_start_wanted(bus, (char *[]){ service, NULL });
        return 0;
}

int zone_want_no_more(sd_bus *bus, const char *machine, const char *zone, Error **reterr) {
        _cleanup_free_ char *unit = want_name(machine, zone), *state = NULL;
        int r;

        if (!unit)
                return error_oom(reterr);
        r = unit_active_state(bus, unit, &state, reterr);
        if (r < 0)
                return r;
        return strcmp(state, "inactive") == 0 ? 0 : unit_stop(bus, unit, reterr);
}
