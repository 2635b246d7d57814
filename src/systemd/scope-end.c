/* SPDX-License-Identifier: GPL-2.0-or-later */

/* systemd takes a scope's controller when the scope is made, by its name on the bus, and never again. When the bus is started anew that name is
 * gone: from then on systemd ends the guest by SIGKILL, or (where it was itself re-executed before) asks nobody and waits until its patience
 * is over. So a unit is put beside the scope that stops with it and, by its After=, before it: what it does then is to ask the supervisor,
 * and to wait until the guest's init has ended. It needs no bus for that, and so outlives the next restart of it too.
 *
 * What comes after the machine stops before this unit, as before the scope (scope.c). */

#include "scope-end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "log.h"
#include "scope.h"

static char *unit_name(const char *machine) {
        _cleanup_free_ char *scope = machine_scope_name(machine);
        char *unit;

        return scope && asprintf(&unit, "nbox-end-%.*s.service", (int) (strrchr(scope, '.') - scope) - 8, scope + 8) >= 0 ? unit : NULL;
}

static int append_properties(sd_bus_message *m, const Registration *reg, const char *scope) {
        char leader[3 * sizeof(pid_t) + 2];
        int r;

        snprintf(leader, sizeof(leader), "%d", reg->leader); /* of a later machine of that name, nothing is to be asked */
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                  "Description", "s", "The orderly end of a machine",
                                  "Type", "s", "oneshot",
                                  "RemainAfterExit", "b", 1,
                                  "CollectMode", "s", "inactive-or-failed",
                                  "Slice", "s", "machine.slice",
                                  "BindsTo", "as", 1, scope,
                                  "After", "as", 1, scope,
                                  "TimeoutStopUSec", "t", scope_stop_timeout(reg),
                                  "ExecStart", "a(sasb)", 1, "/bin/true", 1, "/bin/true", 0,
                                  "ExecStop", "a(sasb)", 1, NBOX_PROGRAM, 4, NBOX_PROGRAM, "scope-end", reg->name, leader, 1);
        return r < 0 || !reg->before ? r : scope_append_units(m, "Before", reg->before);
}

static int build(sd_bus *bus, const Registration *reg, sd_bus_message **ret) {
        _cleanup_free_ char *unit = unit_name(reg->name), *scope = machine_scope_name(reg->name);
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!unit || !scope)
                return -ENOMEM;
        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, reg, scope);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r >= 0)
                *ret = TAKE_PTR(m);
        return r;
}

static void warn(const char *machine, const char *why) {
        log_warning("Stopping the scope of '%s' will kill it, since the system bus was started anew: %s, ignoring", machine, why);
}

/* One that is there is of an earlier restart of the bus. */
static int on_answer(sd_bus_message *m, void *machine, _unused_ sd_bus_error *unused) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e && !sd_bus_error_has_name(e, SYSTEMD_SERVICE ".UnitExists"))
                warn(machine, e->message ?: e->name);
        return 0;
}

void scope_end_begin(sd_bus *bus, const Registration *reg) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *name = strdup(reg->name);
        int r = name ? build(bus, reg, &m) : -ENOMEM;

        if (r >= 0)
                r = sd_bus_call_async(bus, &slot, m, on_answer, name, 0);
        if (r >= 0)
                r = sd_bus_slot_set_destroy_callback(slot, free);
        if (r < 0) {
                slot = sd_bus_slot_unref(slot);
                warn(reg->name, strerror(-r));
                return;
        }
        (void) TAKE_PTR(name); /* the slot's, which goes with the answer, or the bus */
        (void) sd_bus_slot_set_floating(slot, 1);
}
