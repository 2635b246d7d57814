/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The scope that a guest runs in.
 *
 * Controller=: without it, stopping the scope (machinectl terminate, systemctl stop, host shutdown) sends SIGTERM to
 * every process of the guest, and busybox init *reboots* on that, systemd re-executes itself. With it, systemd asks
 * the controller by the signal RequestStop and waits TimeoutStopSec= for the scope to be empty. So that time is
 * longer than the supervisor's own.
 *
 * KillSignal=SIGKILL: it is sent only where there is no controller to ask any more. Then nobody is left who knows how
 * this init is ended in order, or who serves its console.
 *
 * BindsTo= the service that the supervisor runs in, so that killing the service ends the guest even where the guest's
 * root has cleared its parent-death signal. (systemd may learn of the dead service before it learns of the dead
 * controller, then asks nobody and waits: so the service's ExecStopPost= kills what is in the scope.) There is no
 * After= beside it: the service is Type=notify and still starting while its guest boots, and a scope ordered after it
 * would wait for the readiness that waits for the scope.
 *
 * Wants= the services of its zones, which end when no scope wants them any more. No After= either: they do not hold up a boot.
 *
 * Before= what comes after the machine: a stop of several goes to all their scopes at once. It is said here, since a unit that named the
 * scope in its After= would have systemd keep the dead one, and no other of that name could be made.
 *
 * After=dbus.service: at shutdown units stop in the reverse order, and RequestStop travels by that bus. */

#include "scope.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "job.h"
#include "property.h"
#include "unit.h"

#define TASKS_MAX 16384                    /* as systemd-machined and systemd-nspawn@.service have it */
#define STOP_MARGIN_USEC (10 * 1000000ULL) /* beyond the supervisor's own time for an orderly end */

uint64_t scope_stop_timeout(const Registration *reg) {
        return reg->stop_timeout_usec > UINT64_MAX - STOP_MARGIN_USEC ? UINT64_MAX : reg->stop_timeout_usec + STOP_MARGIN_USEC;
}

/* What systemd-nspawn allows its machines; /dev/null and the like, ptys and tty come with "closed". */
static int append_devices(sd_bus_message *m) {
        return sd_bus_message_append(m, "(sv)(sv)",
                                     "DevicePolicy", "s", "closed",
                                     "DeviceAllow", "a(ss)", 3,
                                     "/dev/net/tun", "rwm", "/dev/fuse", "rwm", "char-pts", "rw");
}

int scope_append_units(sd_bus_message *m, const char *property, char *const *units) {
        int r = sd_bus_message_open_container(m, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", property);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) units);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int scope_append_properties(sd_bus_message *m, sd_bus *bus, const Registration *reg, Error **reterr) {
        _cleanup_free_ char *slice = NULL, *description = NULL;
        const char *us;
        int r;

        if (!reg->slice && !(slice = machine_slice_name(reg->name)))
                return error_oom(reterr);
        if (asprintf(&description, "Machine %s", reg->name) < 0)
                return error_oom(reterr);

        r = sd_bus_get_unique_name(bus, &us);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                          "Description", "s", description,
                                          "Slice", "s", reg->slice ? reg->slice : slice,
                                          "Controller", "s", us,
                                          "KillSignal", "i", (int32_t) SIGKILL,
                                          "TimeoutStopUSec", "t", scope_stop_timeout(reg),
                                          "CollectMode", "s", "inactive-or-failed",
                                          "After", "as", 2, "dbus.service", "dbus.socket");
        if (r >= 0 && reg->unit)
                r = sd_bus_message_append(m, "(sv)", "BindsTo", "as", 1, reg->unit);
        if (r >= 0 && reg->wants)
                r = scope_append_units(m, "Wants", reg->wants);
        if (r >= 0 && reg->before)
                r = scope_append_units(m, "Before", reg->before);
        if (r >= 0)
                r = append_devices(m);
        if (r < 0)
                return bus_unbuilt(reterr, r, "that makes the scope");
        r = properties_append(m, reg->properties, reterr);
        return r < 0 ? r : properties_append(m, reg->devices, reterr);
}

static int build_start(sd_bus *bus, const Registration *reg, const char *scope, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", scope, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)",
                                          "PIDs", "au", 1, (uint32_t) reg->leader,
                                          "Delegate", "b", 1,
                                          "TasksMax", "t", (uint64_t) TASKS_MAX);
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        r = scope_append_properties(m, bus, reg, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");
        *ret = TAKE_PTR(m);
        return 0;
}

struct PendingScope {
        sd_bus *bus;
        JobWait *wait;
        char *scope;
};

PendingScope *scope_cancel(PendingScope *p) {
        if (!p)
                return NULL;
        job_wait_free(p->wait);
        sd_bus_unref(p->bus);
        free(p->scope);
        free(p);
        return NULL;
}

static inline void pending_scope_freep(PendingScope **p) {
        scope_cancel(*p);
}

int scope_begin(sd_bus *bus, const Registration *reg, PendingScope **ret, Error **reterr) {
        _cleanup_(pending_scope_freep) PendingScope *p = calloc(1, sizeof(*p));
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!p || !(p->scope = machine_scope_name(reg->name)))
                return error_oom(reterr);
        p->bus = sd_bus_ref(bus);
        r = build_start(bus, reg, p->scope, &m, reterr);
        if (r >= 0)
                r = job_wait_new(bus, &p->wait, reterr);
        if (r >= 0)
                r = job_begin(p->wait, m, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

bool scope_is_answered(const PendingScope *p) {
        return job_is_over(p->wait);
}

int scope_finish(PendingScope *pending, char **ret_scope, Error **reterr) {
        _cleanup_(pending_scope_freep) PendingScope *p = pending;
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *result = NULL;
        int r = job_end(p->wait, &e, &result, &error);

        if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".UnitExists")) {
                error_set(reterr, EEXIST, "%s is there already: its machine is running or just ending", p->scope);
                return error_hint(reterr, -EEXIST, "Look with `systemctl status '%s'`.", p->scope);
        }
        if (r < 0)
                return error_pass(reterr, r, &error);
        if (strcmp(result, "done") != 0)
                return error_set(reterr, EIO, "systemd could not start %s: %s", p->scope, result);
        *ret_scope = TAKE_PTR(p->scope);
        return 0;
}

int scope_start(sd_bus *bus, const Registration *reg, char **ret_scope, Error **reterr) {
        PendingScope *p = NULL;
        int r = scope_begin(bus, reg, &p, reterr);

        while (r >= 0 && !scope_is_answered(p))
                r = bus_step(bus, UINT64_MAX, reterr);
        if (r < 0) {
                scope_cancel(p);
                return r;
        }
        return scope_finish(p, ret_scope, reterr);
}

int scope_is_left_over(sd_bus *bus, const char *scope, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *state = NULL;
        int r = unit_get_string(bus, scope, SYSTEMD_UNIT, "ActiveState", &state, &error);

        if (r == -ENXIO)
                return 0;
        if (r < 0)
                return error_pass(reterr, r, &error);
        return strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
}

typedef struct StopWatch {
        void (*cb)(void *userdata);
        void *userdata;
} StopWatch;

static int on_request_stop(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        StopWatch *w = userdata;

        (void) e;
        if (bus_signal_is_of(m, SYSTEMD_SERVICE))
                w->cb(w->userdata);
        return 0;
}

int scope_watch_request_stop(sd_bus *bus, const char *scope, void (*cb)(void *userdata), void *userdata, Error **reterr) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_free_ char *path = unit_path(scope);
        _cleanup_free_ StopWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!path || !w)
                return error_oom(reterr);
        w->cb = cb;
        w->userdata = userdata;
        r = sd_bus_match_signal(bus, &slot, SYSTEMD_SERVICE, path, SYSTEMD_SERVICE ".Scope", "RequestStop",
                                on_request_stop, w);
        if (r >= 0)
                r = sd_bus_slot_set_destroy_callback(slot, free);
        if (r < 0)
                return error_errno(reterr, r, "Cannot listen for the request to stop %s", scope);
        (void) TAKE_PTR(w); /* the slot's, which lives as long as the bus */
        return sd_bus_slot_set_floating(slot, 1) < 0 ? error_oom(reterr) : 0;
}

static int stop_unit(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *result = NULL;
        int r;

        r = job_run_for_unit(bus, "StopUnit", unit, &e, &result, reterr);
        if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".NoSuchUnit")) {
                if (reterr) {
                        error_free(*reterr);
                        *reterr = NULL;
                }
                return 0;
        }
        if (r < 0)
                return r;
        if (strcmp(result, "done") != 0 && strcmp(result, "canceled") != 0)
                return error_set(reterr, EIO, "systemd could not stop %s: %s", unit, result);
        return 0;
}

/* A stopped unit's name is taken until systemd has collected it, some milliseconds later (longer while
 * systemd-machined refers to it, and for ever where that hangs; whoever starts the machine again waits for that).
 * UnitRemoved comes to subscribers only, and subscribing floods the supervisor with every unit's signals: so look again, at
 * growing distances. */
static int wait_collected(sd_bus *bus, const char *unit, Error **reterr) {
        const uint64_t patience_usec = 5 * 1000000ULL;

        for (uint64_t waited = 0, pause = 2000; waited < patience_usec; waited += pause, pause += pause / 2) {
                _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
                int r;

                r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnit", &e, NULL, "s", unit);
                if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".NoSuchUnit"))
                        return 0;
                if (r < 0)
                        return bus_failed(reterr, r, &e, "Cannot ask systemd for %s", unit);
                usleep((useconds_t) pause);
        }
        return 0;
}

int scope_stop(sd_bus *bus, const char *scope, Error **reterr) {
        int r = stop_unit(bus, scope, reterr);

        return r < 0 ? r : wait_collected(bus, scope, reterr);
}

/* What has ended, and is still known since somebody refers to it, is in nobody's way. */
static int any_is_active(sd_bus *bus, char **units, Error **reterr) {
        for (; units && *units; units++) {
                _cleanup_free_ char *state = NULL;
                int r = unit_active_state(bus, *units, &state, reterr);

                if (r < 0)
                        return r;
                if (strcmp(state, "inactive") != 0 && strcmp(state, "failed") != 0)
                        return 1;
        }
        return 0;
}

/* What systemd read of ours is not there any more. */
static bool any_is_there(char **files) {
        for (; files && *files; files++)
                if (access(*files, F_OK) >= 0)
                        return true;
        return false;
}

/* 1 where nobody has given it settings (a unit file, `systemctl edit`, `systemctl set-property`), which stopping would not lose but which say that
 * somebody counts on it. */
static int slice_is_ours(sd_bus *bus, const char *slice, Error **reterr) {
        _cleanup_strv_ char **drop_ins = NULL;
        _cleanup_free_ char *fragment = NULL;
        int r;

        r = unit_get_strv(bus, slice, SYSTEMD_UNIT, "DropInPaths", &drop_ins, reterr);
        if (r < 0)
                return r;
        r = unit_get_string(bus, slice, SYSTEMD_UNIT, "FragmentPath", &fragment, reterr);
        return r < 0 ? r : !any_is_there(drop_ins) && !*fragment;
}

static int slice_is_in_use(sd_bus *bus, const char *slice, Error **reterr) {
        _cleanup_strv_ char **members = NULL;
        int r = unit_get_strv(bus, slice, SYSTEMD_UNIT, "SliceOf", &members, reterr);

        return r < 0 ? r : any_is_active(bus, members, reterr);
}

/* Limits of ours that systemd has in mind go with the unit, or, where somebody else keeps it, by its reading all files again. */
int slice_stop(sd_bus *bus, const char *slice, bool was_limited, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r, in_use = slice_is_in_use(bus, slice, &error);

        if (in_use > 0)
                return was_limited ? units_reload(bus, reterr) : 0;
        r = in_use < 0 ? in_use : was_limited ? 1 : slice_is_ours(bus, slice, &error);
        if (r == 0 || r == -ENXIO)
                return 0;
        return r < 0 ? error_pass(reterr, r, &error) : stop_unit(bus, slice, reterr);
}
