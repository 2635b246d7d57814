/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gc.h"

#include <signal.h>
#include <string.h>

#include "cgroup.h"
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

static void warn_about(const char *what, const char *name, int r, const Error *error) {
        log_warning("Machine '%s': %s: %s, ignoring", name, what, error ? error->message : strerror(-r));
}

static bool is_this_boot(const MachineRecord *rec) {
        char now[33];

        return boot_id(now) >= 0 && strcmp(now, rec->boot_id) == 0;
}

static void kill_leader(const MachineRecord *rec) {
        _cleanup_close_ int fd = rec->leader > 0 ? pidfd_of(rec->leader) : -1;
        uint64_t start;

        if (fd >= 0 && process_start_time(rec->leader, &start) >= 0 && start == rec->leader_start)
                (void) pidfd_kill(fd, SIGKILL);
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

static void sweep_processes(const MachineRecord *rec) {
        int r;

        kill_leader(rec);
        if (!is_machines_cgroup(rec))
                return;
        r = cgroup_kill(rec->cgroup, KILL_TIMEOUT_USEC);
        if (r < 0)
                warn_about("processes are left in its cgroup", rec->name, r, NULL);
        r = rec->cgroup_owned ? cgroup_remove(rec->cgroup) : cgroup_remove_below(rec->cgroup);
        if (r < 0)
                warn_about("cannot remove its cgroup", rec->name, r, NULL);
}

static void report(const char *what, const MachineRecord *rec, int r, Error **error) {
        if (r < 0)
                warn_about(what, rec->name, r, *error);
        error_free(*error);
        *error = NULL;
}

static void sweep_units(const MachineRecord *rec) {
        _cleanup_(error_freep) Error *error = NULL;
        bool was_limited = live_resources_undo(rec->name, rec->slice);
        sd_bus *bus = NULL;
        int r;

        if (!rec->scope && !rec->slice && !rec->registered)
                return;
        r = host_bus_open(&bus, &error);
        report("cannot reach systemd", rec, r, &error);
        if (r <= 0)
                return;
        if (rec->registered)
                report("cannot unregister it", rec, registration_remove(bus, rec->name, &error), &error);
        if (rec->scope)
                report("cannot stop its scope", rec, scope_stop(bus, rec->scope, &error), &error);
        if (rec->slice)
                report("cannot stop its slice", rec, slice_stop(bus, rec->slice, was_limited, &error), &error);
        sd_bus_flush_close_unref(bus);
}

static void sweep_network(const char *name) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = network_detach(name, &error);

        if (r < 0)
                warn_about("cannot take its network away", name, r, error);
}

static void sweep_locks(const MachineRecord *rec) {
        for (char **lock = rec->locks; lock && *lock; lock++) {
                int r = image_lock_sweep(*lock);

                if (r < 0)
                        warn_about("cannot remove its lock", rec->name, r, NULL);
        }
}

void gc_sweep_claimed(const char *name) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        r = record_load(name, &rec, &error);
        if (r == -ESRCH)
                return;
        if (r < 0) { /* damaged: what its name alone tells is undone */
                warn_about("its record cannot be used", name, r, error);
                sweep_network(name);
        } else if (rec->version > RECORD_VERSION) {
                warn_about("it was started by a newer nbox, whose record is not all understood here", name, -EPROTONOSUPPORT, NULL);
                if (is_this_boot(rec))
                        kill_leader(rec);
                sweep_network(name);
        } else {
                if (is_this_boot(rec))
                        sweep_processes(rec);
                sweep_units(rec);
                if (rec->network == NETWORK_OWN)
                        sweep_network(name);
                sweep_locks(rec);
        }
}

/* What is to be undone stands where we cannot read it. */
static bool is_of_newer(const char *name) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;

        return record_load(name, &rec, NULL) >= 0 && rec->version > RECORD_VERSION;
}

/* 1: swept. 0: it lives, has gone by itself, or is another's to sweep. */
static int sweep_one(const char *name, Error **reterr) {
        _cleanup_close_ int dir = record_lock(name, NULL);
        int r;

        if (dir < 0 || is_of_newer(name))
                return 0;
        gc_sweep_claimed(name);
        r = record_remove(dir, name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot remove the directory of machine '%s'", name);
        return 1;
}

/* A name that somebody holds is alive, whatever its record says by now. */
static bool has_owner(const char *machine, _unused_ void *userdata) {
        _cleanup_close_ int dir = -1;

        if (!machine_name_is_valid(machine))
                return false;
        dir = record_lock(machine, NULL);
        return dir == -EBUSY;
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
        if (thorough || swept > 0) {
                r = network_sweep(has_owner, NULL, first < 0 ? NULL : reterr);
                if (r < 0 && first == 0)
                        first = r;
                gc_stop_idle_services(NULL);
                start_queue_sweep();
        }
        if (ret_swept)
                *ret_swept = swept;
        return first;
}
