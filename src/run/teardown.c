/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#include "assemble-overlay.h"
#include "assemble.h"
#include "cgroup.h"
#include "freeze-server.h"
#include "freezing.h"
#include "gc.h"
#include "live-resources.h"
#include "log.h"
#include "pidfd.h"
#include "registration.h"
#include "supervisor.h"
#include "zone-linger.h"

#define KILL_TIMEOUT_USEC (10 * UINT64_C(1000000))

/* Keep the first failure for the caller, and say the others. */
static void note(int r, Error *error, int *first, Error **reterr) {
        if (r >= 0)
                return;
        if (*first >= 0) {
                *first = r;
                error_pass(reterr, r, &error);
                return;
        }
        log_report(LOG_LEVEL_WARNING, r, error);
        error_free(error);
}

/* A group of our own, in which nothing is left of the machine: all that follows, to find that out and to bring it about, can be spared. */
static void remove_if_empty(Supervisor *s) {
        if (s->leader_fd >= 0 || !s->cgroup_owned || !s->cgroup || cgroup_remove_empty(s->cgroup) < 0)
                return;
        s->cgroup = (free(s->cgroup), NULL);
        s->cgroup_owned = false;
}

static void end_guest(Supervisor *s) {
        siginfo_t info;
        int r;

        freezing_end(s);
        if (s->leader_fd < 0) {
                memory_watch_end(s); /* which reads what is counted there */
                remove_if_empty(s);
        }
        freeze_release(s);
        memory_watch_end(s);
        if (s->leader_fd >= 0) {
                (void) pidfd_kill(s->leader_fd, SIGKILL);
                (void) pidfd_wait(s->leader_fd, &info);
                s->leader_fd = close_fd(s->leader_fd);
        }
        if (s->cgroup) {
                r = cgroup_kill(s->cgroup, KILL_TIMEOUT_USEC);
                if (r < 0)
                        log_warning("Cannot end all processes of %s: %s, ignoring", s->plan->name, strerror(-r));
                /* systemd, too, goes by paths, and those that a guest can make are longer than a path may be. */
                r = cgroup_remove_below(s->cgroup);
                if (r < 0)
                        log_warning("Cannot remove all control groups of %s: %s, ignoring", s->plan->name, strerror(-r));
        }
}

static void close_terminals(Supervisor *s) {
        for (size_t i = 0; i < s->n_terminals; i++)
                terminal_drain(s->terminals[i]);
        s->console = console_record_end(s->console, &s->end);
        if (s->attach) {
                attach_drain(s->attach);
                s->attach = attach_free(s->attach);
        }
        for (size_t i = 0; i < s->n_terminals; i++)
                s->terminals[i] = terminal_free(s->terminals[i]);
        s->n_terminals = 0;
}

/* The bus may have been started anew while the machine ran. What cannot be had is said by who needs it. */
static void renew_bus(Supervisor *s) {
        sd_bus *bus = NULL;

        if (sd_bus_is_open(s->bus) > 0 || host_bus_open(&bus, NULL) <= 0)
                return;
        s->bus_watch = bus_watch_free(s->bus_watch); /* nobody looks at events any more */
        sd_bus_close_unref(s->bus);
        s->bus = bus;
}

static void leave_systemd(Supervisor *s, int *first, Error **reterr) {
        bool was_limited = s->record_dir >= 0 && live_resources_undo(s->plan->name, s->plan->slice), was_made = s->scope;
        Error *error = NULL;
        int r;

        if (!s->bus)
                return;
        renew_bus(s);
        if (s->abandoned) {
                registration_abandon(s->bus, s->plan->name);
                return;
        }
        if (s->registered) {
                r = registration_remove(s->bus, s->plan->name, &error);
                note(r, TAKE_PTR(error), first, reterr);
                s->registered = false;
        }
        if (s->scope) {
                r = scope_stop(s->bus, s->scope, &error);
                note(r, TAKE_PTR(error), first, reterr);
                s->scope = (free(s->scope), NULL);
        }
        if (was_made || was_limited) {
                r = slice_stop(s->bus, s->plan->slice, was_limited, &error);
                note(r, TAKE_PTR(error), first, reterr);
        }
        if (!s->reboot && s->lease.n_nics > 0 && !s->network_lingers)
                gc_stop_idle_services(s->bus);
}

void supervisor_leave_tree(Supervisor *s) {
        if (s->staged)
                (void) umount2(STAGING_DIRECTORY, MNT_DETACH);
        s->staged = false;
        aside_close(&s->leaving_stage, s->stage);
        s->stage = -1;
}

static int leave_network(Supervisor *s, int *ret_left, Error **reterr) {
        NetworkEnd end = {
                .machine = s->plan->name, .netns_id = s->lease.n_nics > 0 ? s->lease.netns_id : -1, .reboots = s->reboot,
                .may_linger = !plan_is_recorded(s->plan),
        };
        int r = network_end(&end, ret_left, reterr);

        s->network_lingers = r > 0;
        return r;
}

int supervisor_teardown(Supervisor *s, Error **reterr) {
        _cleanup_close_ int left = -1;
        Error *error = NULL;
        int first = 0, r;

        end_guest(s);
        if (s->reboot) { /* the next life has the same tree */
                (void) aside_end(&s->leaving_stage);
                (void) aside_end(&s->leaving_mounts);
        }
        readiness_end(s);
        turn_end(s);
        health_watch_end(s);
        close_terminals(s);
        supervisor_leave_tree(s);
        if (s->assembled) {
                assemble_overlay_clean(s->plan);
                s->assembled = false;
        }
        port_relays_end(s);
        network_attachment_free(s->attachment);
        s->attachment = NULL;
        if (s->network_attached) {
                r = leave_network(s, &left, &error);
                note(r, TAKE_PTR(error), &first, reterr);
                s->network_attached = false;
        }
        leave_systemd(s, &first, reterr);
        if (s->cgroup_owned && s->cgroup) {
                r = cgroup_remove(s->cgroup);
                if (r < 0)
                        error_errno(&error, r, "Cannot remove the cgroup %s", s->cgroup);
                note(r, TAKE_PTR(error), &first, reterr);
                s->cgroup_owned = false;
        }
        s->cgroup = (free(s->cgroup), NULL);
        if (s->lock) {
                r = image_lock_remove(s->lock);
                if (r < 0)
                        error_errno(&error, r, "Cannot remove the lock of %s", s->plan->root);
                note(r, TAKE_PTR(error), &first, reterr);
                s->lock = image_lock_release(s->lock);
        }
        s->ids = ids_release(s->ids);
        supervisor_close_notify(s);
        if (s->reboot && first >= 0)
                return 0; /* name and control socket stay, for the next life (lives.h) */
        s->control_fd = close_fd(s->control_fd);
        supervisor_tell_end(s);
        if (s->record_dir >= 0 && first < 0) {
                /* What could not be undone stays written down, for the next nbox to try. */
                s->record_dir = close_fd(s->record_dir);
        } else if (s->record_dir >= 0) {
                r = record_remove(s->record_dir, s->plan->name);
                if (r < 0)
                        error_errno(&error, r, "Cannot remove the record of %s", s->plan->name);
                note(r, TAKE_PTR(error), &first, reterr);
                s->record_dir = close_fd(s->record_dir);
        }
        if (left >= 0)
                zone_linger_spawn(left); /* when all is let go that it would keep */
        return first;
}
