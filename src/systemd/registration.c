/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Registering with systemd-machined.
 *
 * The call takes 20 to 35 ms, nearly all of it PID 1's, and moves the leader into its scope while it runs. So it is
 * sent as soon as there is a leader, and waited for only when the guest needs the cgroup it ends in.
 *
 * A machine that cannot be registered still boots: the caller then makes the scope itself. For that, "machined is
 * not to be had" is told apart from "machined said no". */

#include "registration.h"

#include <string.h>

#include "bus.h"
#include "scope.h"
#include "unit.h"

#define MACHINED_UNIT "systemd-machined.service"
#define UNREGISTER_USEC (10 * UINT64_C(1000000))

struct PendingRegistration {
        sd_bus *bus;
        sd_bus_slot *slot;
        char *name;
        char *scope;
        bool answered;
        int result;
        Error *error;
};

static inline void pending_freep(PendingRegistration **p) {
        registration_cancel(*p);
}

static bool is_machined_missing(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
                                      SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_UNKNOWN_OBJECT,
                                      SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_TIMEOUT, SD_BUS_ERROR_DISCONNECTED,
                                      "org.freedesktop.DBus.Error.TimedOut",
                                      SYSTEMD_SERVICE ".NoSuchUnit", SYSTEMD_SERVICE ".UnitMasked",
                                      SYSTEMD_SERVICE ".LoadFailed", SYSTEMD_SERVICE ".ShuttingDown",
                                      "org.freedesktop.DBus.Error.Spawn.ChildExited",
                                      "org.freedesktop.DBus.Error.Spawn.ExecFailed",
                                      "org.freedesktop.DBus.Error.Spawn.Failed",
                                      "org.freedesktop.DBus.Error.Spawn.ServiceNotFound");
}

static int read_failure(const char *name, const sd_bus_error *e, Error **reterr) {
        if (sd_bus_error_has_name(e, MACHINED_SERVICE ".MachineExists")) {
                error_set(reterr, EEXIST, "systemd-machined already has a machine named '%s'", name);
                return error_hint(reterr, -EEXIST, "See `machinectl status %s`; another name is given with --machine=NAME.", name);
        }
        if (sd_bus_error_has_name(e, SYSTEMD_SERVICE ".UnitExists")) {
                error_set(reterr, EEXIST, "The scope of a machine named '%s' is still there: %s", name, e->message);
                return error_hint(reterr, -EEXIST, "It is running or just ending; another name is given with --machine=NAME.");
        }
        if (is_machined_missing(e))
                return bus_failed(reterr, -EOPNOTSUPP, e, "systemd-machined is not available");
        return bus_failed(reterr, -sd_bus_error_get_errno(e), e, "systemd-machined refused to register '%s'", name);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        PendingRegistration *p = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        (void) unused;
        p->answered = true;
        p->result = e ? read_failure(p->name, e, &p->error) : 0;
        return 0;
}

/* What it is, and not where it goes. */
static int append_machine(sd_bus_message *m, const Registration *reg) {
        int r = sd_bus_message_append(m, "s", reg->name);

        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', reg->id, sizeof(reg->id));
        if (r >= 0)
                r = sd_bus_message_append(m, "ssus", "nbox", "container", (uint32_t) reg->leader, reg->root ? reg->root : "");
        return r < 0 ? r : sd_bus_message_append_array(m, 'i', reg->ifindices, reg->n_ifindices * sizeof(int));
}

static int build_create(sd_bus *bus, const Registration *reg, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER,
                                           "CreateMachineWithNetwork");
        if (r >= 0)
                r = append_machine(m, reg);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return bus_unbuilt(reterr, r, "CreateMachineWithNetwork");
        r = scope_append_properties(m, bus, reg, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return bus_unbuilt(reterr, r, "CreateMachineWithNetwork");
        *ret = TAKE_PTR(m);
        return 0;
}

int registration_start(sd_bus *bus, const Registration *reg, PendingRegistration **ret, Error **reterr) {
        _cleanup_(pending_freep) PendingRegistration *p = calloc(1, sizeof(*p));
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!p || !(p->name = strdup(reg->name)) || !(p->scope = machine_scope_name(reg->name)))
                return error_oom(reterr);
        p->bus = sd_bus_ref(bus);
        r = build_create(bus, reg, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, &p->slot, m, on_answer, p, 0);
        if (r >= 0)
                r = sd_bus_flush(bus); /* it leaves now, not when the caller next comes to its event loop */
        if (r < 0)
                return error_errno(reterr, r, "Cannot send systemd-machined the registration of '%s'", reg->name);
        *ret = TAKE_PTR(p);
        return 0;
}

int registration_add(sd_bus *bus, const Registration *reg, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "RegisterMachineWithNetwork");
        if (r >= 0)
                r = append_machine(m, reg);
        if (r < 0)
                return bus_unbuilt(reterr, r, "RegisterMachineWithNetwork");
        r = sd_bus_call(bus, m, 0, &e, NULL);
        return r < 0 ? read_failure(reg->name, &e, reterr) : 0;
}

bool registration_is_answered(const PendingRegistration *p) {
        return p->answered;
}

int registration_wait(PendingRegistration *p, char **ret_scope, Error **reterr) {
        _cleanup_(pending_freep) PendingRegistration *pending = p;
        int r;

        while (!p->answered) {
                r = bus_step(p->bus, UINT64_MAX, reterr);
                if (r < 0)
                        return r;
        }
        if (p->result < 0)
                return error_pass(reterr, p->result, &p->error);
        *ret_scope = TAKE_PTR(p->scope);
        return 0;
}

PendingRegistration *registration_cancel(PendingRegistration *p) {
        if (!p)
                return NULL;
        sd_bus_slot_unref(p->slot);
        sd_bus_unref(p->bus);
        free(p->name);
        free(p->scope);
        error_free(p->error);
        free(p);
        return NULL;
}

static bool takes_mode(const char *method) {
        return strcmp(method, "StartUnit") == 0 || strcmp(method, "StopUnit") == 0 || strcmp(method, "TryRestartUnit") == 0;
}

static void tell(sd_bus *bus, const char *to, const char *path, const char *interface, const char *method, const char *unit) {
        _cleanup_message_ sd_bus_message *m = NULL;

        if (sd_bus_message_new_method_call(bus, &m, to, path, interface, method) < 0 || sd_bus_message_set_expect_reply(m, 0) < 0 ||
            sd_bus_message_append(m, "s", unit) < 0 || (takes_mode(method) && sd_bus_message_append(m, "s", "replace") < 0))
                return;
        (void) sd_bus_send(bus, m, NULL);
}

/* Each of the two has its own queue, and finds this in it behind what was asked before. The slice is the machine's own name's, in which
 * nothing else is. */
void registration_abandon(sd_bus *bus, const char *name) {
        _cleanup_free_ char *scope = machine_scope_name(name), *slice = machine_slice_name(name);

        tell(bus, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine", name);
        if (scope)
                tell(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", scope);
        if (slice)
                tell(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", slice);
}

void registration_let_go(sd_bus *bus) {
        tell(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "TryRestartUnit", MACHINED_UNIT);
}

void scope_start_wanted(sd_bus *bus, char *const *units) {
        for (; units && *units; units++)
                tell(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartUnit", *units);
}

/* A systemd-machined that hangs sees by itself, later, that the scope is gone. */
int registration_remove(sd_bus *bus, const char *name, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "UnregisterMachine");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", name);
        if (r < 0)
                return bus_unbuilt(reterr, r, "UnregisterMachine");
        r = sd_bus_call(bus, m, UNREGISTER_USEC, &e, NULL);
        if (r >= 0 || sd_bus_error_has_name(&e, MACHINED_SERVICE ".NoSuchMachine") || is_machined_missing(&e))
                return 0;
        return bus_failed(reterr, r, &e, "Cannot take '%s' out of systemd-machined's list", name);
}

int registration_kill(sd_bus *bus, const char *name, const char *whom, int sig, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "KillMachine", &e, NULL, "ssi", name, whom, sig);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd-machined could not send the machine '%s' a signal", name) : 0;
}

/* Scopes that have ended are among them until systemd gets to forgetting them. What else wants it is the administrator's doing. */
static bool has_ended(sd_bus *bus, const char *unit) {
        _cleanup_free_ char *state = NULL;
        size_t n = strlen(unit);

        if (n < strlen(".scope") || strcmp(unit + n - strlen(".scope"), ".scope") != 0)
                return false;
        return unit_active_state(bus, unit, &state, NULL) >= 0 && (strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0);
}

static bool is_needed_by(sd_bus *bus, const char *unit, const char *property) {
        _cleanup_strv_ char **others = NULL;

        if (unit_get_strv(bus, unit, SYSTEMD_UNIT, property, &others, NULL) < 0)
                return true; /* systemd knows of no such unit, or does not answer */
        for (char **other = others; other && *other; other++)
                if (!has_ended(bus, *other))
                        return true;
        return false;
}

void scope_stop_unwanted(sd_bus *bus, const char *unit) {
        if (!is_needed_by(bus, unit, "WantedBy") && !is_needed_by(bus, unit, "RequiredBy"))
                tell(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", unit);
}
