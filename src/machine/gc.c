/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gc.h"

#include <signal.h>
#include <string.h>

#include "cgroup.h"
#include "identity.h"
#include "live-resources.h"
#include "log.h"
#include "lock.h"
#include "name.h"
#include "network.h"
#include "pidfd.h"
#include "process.h"
#include "registration.h"
#include "start-queue.h"

/* The order undoes a boot backwards: first nothing of the guest must run, then its units, links and rules, files, and last
 * the record, so that a sweep that is interrupted finds it all again.
 *
 * A record is not believed blindly: the leader is killed only when pid, start time and boot id agree, a cgroup only when it
 * is named after a machine and we are not in it ourselves. */

#define KILL_TIMEOUT_USEC (10 * 1000 * 1000)

/* What fails for want of something passes: what is left to do stays in the record, for the next one who sweeps. All else would fail again each
 * time, and is left behind. */
static bool may_pass(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS || r == -EIO || r == -ENOLCK || r == -EAGAIN || r == -ENOSPC;
}

/* r where the next one shall try again, and 0. */
static int warn_about(const char *what, const char *name, int r, const Error *error) {
        log_warning("Machine '%s': %s: %s, %s", name, what, error ? error->message : strerror(-r),
                    may_pass(r) ? "the next nbox tries again" : "ignoring");
        return may_pass(r) ? r : 0;
}

static void keep_first(int *result, int r) {
        if (*result >= 0 && r < 0)
                *result = r;
}

/* 1, 0, or why that cannot be said. */
static int is_this_boot(const MachineRecord *rec) {
        char now[33];
        int r = boot_id(now);

        return r < 0 ? r : strcmp(now, rec->boot_id) == 0;
}

static int kill_leader(const MachineRecord *rec) {
        _cleanup_close_ int fd = rec->leader > 0 ? pidfd_of(rec->leader) : -ESRCH;
        uint64_t start;
        int r;

        if (fd < 0)
                return fd == -ESRCH ? 0 : fd;
        r = process_start_time(rec->leader, &start);
        if (r < 0)
                return r;
        return start == rec->leader_start ? pidfd_kill(fd, SIGKILL) : 0;
}

/* Whether a cgroup of a record can be a machine's own: made by us, or its scope's; never one that we stand in. */
static bool is_machines_cgroup(const MachineRecord *rec) {
        _cleanup_free_ char *own = NULL;
        const char *cgroup = rec->cgroup;

        if (!cgroup || cgroup[0] != '/' || !cgroup[1] || strstr(cgroup, "/../") || (!rec->cgroup_owned && !rec->scope))
                return false;
        if (rec->scope && !rec->cgroup_owned && !strstr(cgroup, rec->scope))
                return false;
        return cgroup_of(0, &own) < 0 || !cgroup_is_below(own, cgroup);
}

static int sweep_processes(const MachineRecord *rec) {
        int result = 0, r;

        r = kill_leader(rec);
        if (r < 0 && r != -ESRCH)
                keep_first(&result, warn_about("cannot kill its first process", rec->name, r, NULL));
        if (!is_machines_cgroup(rec))
                return result;
        r = cgroup_kill(rec->cgroup, KILL_TIMEOUT_USEC);
        if (r < 0)
                keep_first(&result, warn_about("processes are left in its cgroup", rec->name, r, NULL));
        r = rec->cgroup_owned ? cgroup_remove(rec->cgroup) : cgroup_remove_below(rec->cgroup);
        if (r < 0)
                keep_first(&result, warn_about("cannot remove its cgroup", rec->name, r, NULL));
        return result;
}

static int report(const char *what, const MachineRecord *rec, int r, Error **error) {
        r = r < 0 ? warn_about(what, rec->name, r, *error) : 0;
        error_free(*error);
        *error = NULL;
        return r;
}

static int sweep_units(const MachineRecord *rec) {
        _cleanup_(error_freep) Error *error = NULL;
        bool was_limited = live_resources_undo(rec->name, rec->slice);
        sd_bus *bus = NULL;
        int result, r;

        if (!rec->scope && !rec->slice && !rec->registered)
                return 0;
        r = host_bus_open(&bus, &error);
        result = report("cannot reach systemd", rec, r, &error);
        if (r <= 0)
                return result;
        if (rec->registered)
                keep_first(&result, report("cannot unregister it", rec, registration_remove(bus, rec->name, &error), &error));
        if (rec->scope)
                keep_first(&result, report("cannot stop its scope", rec, scope_stop(bus, rec->scope, &error), &error));
        if (rec->slice)
                keep_first(&result, report("cannot stop its slice", rec, slice_stop(bus, rec->slice, was_limited, &error), &error));
        sd_bus_flush_close_unref(bus);
        return result;
}

static int sweep_network(const char *name) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = network_detach(name, &error);

        return r < 0 ? warn_about("cannot take its network away", name, r, error) : 0;
}

static int sweep_locks(const MachineRecord *rec) {
        int result = 0;

        for (char **lock = rec->locks; lock && *lock; lock++) {
                int r = image_lock_sweep(*lock);

                if (r < 0)
                        keep_first(&result, warn_about("cannot remove its lock", rec->name, r, NULL));
        }
        return result;
}

int gc_sweep_claimed(const char *name) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int result = 0, r;

        r = record_load(name, &rec, &error);
        if (r == -ESRCH)
                return 0;
        if (r < 0) { /* damaged: what its name alone tells is undone */
                keep_first(&result, warn_about("its record cannot be used", name, r, error));
                keep_first(&result, sweep_network(name));
        } else if (rec->version > RECORD_VERSION) {
                (void) warn_about("it was started by a newer nbox, whose record is not all understood here", name, -EPROTONOSUPPORT, NULL);
                if (is_this_boot(rec) > 0)
                        (void) kill_leader(rec);
                keep_first(&result, sweep_network(name));
        } else {
                r = rec->engine ? 0 : is_this_boot(rec); /* an engine sees to its processes and their group itself */
                if (r != 0)
                        keep_first(&result, r < 0 ? warn_about("cannot tell whether its record is of this boot", name, r, NULL) : sweep_processes(rec));
                keep_first(&result, sweep_units(rec));
                if (rec->network == NETWORK_OWN)
                        keep_first(&result, sweep_network(name));
                keep_first(&result, sweep_locks(rec));
        }
        return result;
}

/* What is to be undone stands where we cannot read it; or it lives, and is its engine's. */
static bool is_others(const char *name) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;

        return record_load(name, &rec, NULL) >= 0 && (rec->version > RECORD_VERSION || record_is_engines(rec));
}

/* 1: swept. 0: it lives, has gone by itself, or is another's to sweep. */
static int sweep_one(const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int dir = record_lock(name, &error);
        int r;

        if (dir < 0 && dir != -EBUSY && dir != -ENOENT)
                return error_pass(reterr, dir, &error);
        if (dir < 0 || is_others(name))
                return 0;
        r = gc_sweep_claimed(name);
        if (r < 0)
                return error_errno(reterr, r, "Not all that the machine '%s' left could be cleared away", name);
        r = record_remove(dir, name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot remove the directory of machine '%s'", name);
        return 1;
}

/* A name that somebody holds is alive, whatever its record says by now; so is one of which that cannot be found out. */
static bool has_owner(const char *machine, _unused_ void *userdata) {
        _cleanup_close_ int dir = -1;

        if (!machine_name_is_valid(machine))
                return false;
        dir = record_lock(machine, NULL);
        return dir < 0 ? dir != -ENOENT : is_others(machine);
}

static void stop_services(sd_bus *bus, char *const *zones) {
        for (; *zones; zones++) {
                _cleanup_free_ char *unit = zone_service_name(*zones);

                if (unit)
                        scope_stop_unwanted(bus, unit);
        }
}

void gc_stop_idle_services(sd_bus *bus) {
        _cleanup_strv_ char **zones = NULL;
        sd_bus *own = NULL;

        if (network_idle_zones(&zones, NULL) < 0 || !zones)
                return; /* or the next sweep asks again */
        if (bus || host_bus_open(&own, NULL) > 0)
                stop_services(bus ?: own, zones);
        sd_bus_flush_close_unref(own);
}

int gc_run(bool thorough, unsigned *ret_swept, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        unsigned swept = 0;
        int r, first = 0;

        r = record_list(&names, reterr);
        if (r < 0)
                return r;
        for (char **name = names; *name; name++) {
                r = sweep_one(*name, first < 0 ? NULL : reterr);
                if (r < 0 && first == 0)
                        first = r;
                swept += r > 0;
        }
        if (thorough || swept > 0 || network_is_left()) {
                r = network_sweep(has_owner, NULL, first < 0 ? NULL : reterr);
                if (r < 0 && first == 0)
                        first = r;
                gc_stop_idle_services(NULL);
                start_queue_sweep();
                identity_sweep();
        }
        if (ret_swept)
                *ret_swept = swept;
        return first;
}
