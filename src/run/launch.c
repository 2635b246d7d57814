/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "assemble.h"
#include "cgroup.h"
#include "child-words.h"
#include "clock.h"
#include "device-rules.h"
#include "enlist.h"
#include "fd.h"
#include "guest-hints.h"
#include "hand-over.h"
#include "leader-limits.h"
#include "limits.h"
#include "live-bind.h"
#include "log.h"
#include "namespace.h"
#include "own-limits.h"
#include "pidfd.h"
#include "process.h"
#include "supervisor.h"
#include "text.h"
#include "zone-services.h"

/* The order of a start. The child is born first, for systemd-machined wants a process to register and the network a namespace to put a link
 * into; what takes long (enlist.h: 20 to 35 ms, most of it in PID 1) runs while the child mounts. The cgroup namespace comes last, when the
 * child is in its final group.
 *
 * Two processes start a machine, and mostly there are two processors. While the child makes its network namespace and takes its bounds, the
 * supervisor builds the tree, of which only /sys needs that namespace; while the child mounts, the supervisor does all else that must be
 * done before the exec: devices, limits, the cgroup. So neither waits long for the other. */

/* With ids of its own the machine can make no device and open none but those in its /dev; else this is what keeps its root from all
 * others. */
static void bound_devices(const Supervisor *s, int cgroup) {
        int r = device_rules_apply(&s->plan->devices, cgroup);

        if (r < 0 && s->plan->uid_base == 0)
                log_warning("The kernel does not let us say which devices %s may use (%s): its root, which is root of the host, can use "
                            "all, ignoring", s->plan->name, strerror(-r));
        else if (r < 0)
                log_debug("The kernel does not let us say which devices %s may use: %s, ignoring", s->plan->name, strerror(-r));
}

typedef struct Joining {
        Supervisor *supervisor;
        int socket;
} Joining;

/* The child makes it, while we look what it is to have. */
static int open_network(void *userdata, Error **reterr) {
        const Joining *j = userdata;
        const Supervisor *s = j->supervisor;
        int netns, r;

        r = child_await(j->supervisor, j->socket, CHILD_NETWORK, NULL, NULL, reterr);
        if (r < 0)
                return r;
        netns = namespace_open_of(s->leader_fd, s->leader, "net");
        return netns < 0 ? error_errno(reterr, netns, "Cannot open the machine's network namespace") : netns;
}

/* The host's part; settle_leader() does what is inside. */
static int attach_network(Supervisor *s, int socket, Error **reterr) {
        NetworkRequest req = {
                .machine = s->plan->name, .nics = &s->plan->nics, .ports = &s->plan->ports, .host_ports = &s->plan->host_ports,
                .ingress_rate = s->plan->ingress_rate, .egress_rate = s->plan->egress_rate, .next_life = s->record->reboots > 0,
                .keep_address = s->plan->keep_address, .service = s->plan->mode == START_BOOT ? SERVICE_WANTED : SERVICE_IF_SHARED,
                .open_netns = open_network, .userdata = &(Joining){ s, socket },
        };
        NetworkLease lease = {};
        int r;

        if (!plan_makes_network(s->plan) || s->plan->network == NETWORK_NONE)
                return 0; /* that one the child sees to */
        s->network_attached = true;
        r = network_attach_begin(&req, &s->attachment, &lease, reterr);
        if (r < 0)
                return r;
        return guest_hints_take_lease(s, &lease, reterr);
}

static int finish_network(Supervisor *s, Error **reterr) {
        int r = s->attachment ? network_attach_end(s->attachment, reterr) : 0;

        network_attachment_free(s->attachment);
        s->attachment = NULL;
        return r;
}

/* Where nobody asks for one, the kernel's own is in force. */
static int settle_oom_policy(Supervisor *s, Error **reterr) {
        const char *policy = s->plan->resources[RESOURCE_OOM_POLICY];

        return policy ? own_limit_put(s->cgroup, RESOURCE_OOM_POLICY, policy, NULL, reterr) : 0;
}

/* The group that the child is in now becomes the root of its own hierarchy. */
static int settle_cgroup(Supervisor *s, Error **reterr) {
        _cleanup_close_ int cgroup = -1;
        int r;

        if (!s->cgroup_owned) {
                s->cgroup = (free(s->cgroup), NULL);
                if (!s->scope)
                        return 0;
                r = cgroup_of(s->leader, &s->cgroup);
                if (r < 0)
                        return r == -ENOENT ? 0 : error_errno(reterr, r, "Cannot tell the machine's cgroup");
        }
        cgroup = cgroup_open(s->cgroup);
        if (cgroup >= 0 && s->cgroup_owned)
                bound_devices(s, cgroup);
        r = cgroup < 0 ? cgroup : s->plan->userns ? cgroup_delegate(cgroup, s->plan->uid_base) : 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot hand the cgroup %s over to the machine", s->cgroup);
        r = limits_set_cgroup(cgroup, reterr);
        if (r >= 0)
                r = settle_oom_policy(s, reterr);
        if (r < 0)
                return r;
        if (string_set(&s->record->cgroup, s->cgroup) < 0)
                return error_oom(reterr);
        return 0;
}

static int take_terminals(Supervisor *s, const int *masters, size_t n, Error **reterr) {
        struct winsize size;
        int r = 0;

        for (size_t i = 0; i < n; i++) {
                if (r >= 0)
                        r = terminal_new(s->event, masters[i], i == 0 ? TERMINAL_RING_CONSOLE : TERMINAL_RING_TTY, i > 0,
                                         &s->terminals[i], reterr);
                else
                        close_fd(masters[i]);
                if (r >= 0)
                        s->n_terminals = i + 1;
        }
        if (r >= 0 && n > 0)
                console_record_watch(s->console, s->terminals[0]);
        /* Before anything in the machine can ask. */
        if (r >= 0 && n > 0 && s->plan->console == CONSOLE_INTERACTIVE && attach_window_size(&size))
                terminal_set_size(s->terminals[0], size.ws_row, size.ws_col);
        return r;
}

/* The child's ids and network, which it cannot give itself. */
static int prepare_child(Supervisor *s, int socket, Error **reterr) {
        int r;

        if (s->plan->userns) {
                r = userns_write_maps(s->leader, s->plan->uid_base, s->plan->uid_range);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot map the machine's user ids");
        }
        return attach_network(s, socket, reterr);
}

/* What is to be done before the exec, and is none of the tree's. */
static int settle_leader(Supervisor *s, Error **reterr) {
        int r = finish_network(s, reterr);

        if (r < 0)
                return r;
        s->record->leader = s->leader;
        r = process_start_time(s->leader, &s->record->leader_start);
        if (r < 0) /* nobody would believe the record, nor sweep the machine by it */
                return error_errno(reterr, r, "Cannot look at the machine's first process");
        s->record->leader_inode = pidfd_inode(s->leader_fd);
        return limits_hand_over(s->plan, s->leader, reterr);
}

/* The child's terminals, in return for the tree. */
static int await_ready(Supervisor *s, int socket, Error **reterr) {
        int masters[1 + PLAN_TTYS], r;
        size_t n_masters = 0;

        r = child_await(s, socket, CHILD_READY, masters, &n_masters, reterr);
        return r < 0 ? r : take_terminals(s, masters, n_masters, reterr);
}

static int let_go(int socket, Error **reterr) {
        static const char go = CHILD_GO;
        int r = fd_send(socket, &go, 1, NULL, 0);

        return r < 0 ? error_errno(reterr, r, "Cannot start the machine's init") : 0;
}

/* Who waits for a command waits for its mounts to go, too. If we keep them, its init has ended before they have, and what we have to do then is
 * done meanwhile. Not where anything is to be cleared away that they stand on. */
static void keep_mounts(Supervisor *s) {
        const MachinePlan *p = s->plan;

        if (!s->is_home || p->mode != START_RUN || plan_is_recorded(p))
                return;
        for (size_t i = 0; i < p->n_mounts; i++)
                if (p->mounts[i].kind == MOUNT_STEP_OVERLAY || p->mounts[i].kind == MOUNT_STEP_VOLUME)
                        return;
        aside_close_after(&s->leaving_mounts, namespace_open_of(s->leader_fd, s->leader, "mnt"), s->leader_fd);
}

/* Until we listen, nobody can ask for the machine's end but by a signal. */
static int hear_signals(Supervisor *s, Error **reterr) {
        int r;

        if (!s->listens && !supervisor_is_signalled())
                return 0;
        r = supervisor_listen(s, reterr);
        if (r < 0)
                return r;
        supervisor_hear(s);
        return supervisor_is_cancelled(s) ? error_set(reterr, ECANCELED, "The machine was asked to end before it ran") : 0;
}

/* All that the supervisor does for the child is done while that mounts, where it can be: with systemd, it is still to be moved into its
 * scope; in a later life, it is given the binds of the former one. It need not stop to be told to go on, then. */
static int furnish_alone(Supervisor *s, int socket, Error **reterr) {
        int r;

        r = hand_over_tree(s, socket, reterr);
        if (r >= 0)
                r = hear_signals(s, reterr);
        if (r >= 0)
                r = settle_leader(s, reterr);
        if (r >= 0)
                r = settle_cgroup(s, reterr);
        if (r < 0)
                return r;
        memory_watch_begin(s);
        r = let_go(socket, reterr);
        if (r >= 0)
                r = supervisor_listen(s, reterr); /* while it mounts the last */
        if (r >= 0)
                r = await_ready(s, socket, reterr);
        if (r >= 0)
                keep_mounts(s);
        return r;
}

/* Enlisted, furnished, and in its final cgroup: all that it waits for. */
static int enlist_and_furnish(Supervisor *s, int socket, Error **reterr) {
        _cleanup_(enlistment_done) Enlistment e = {};
        int r;

        r = supervisor_listen(s, reterr);
        if (r >= 0)
                r = enlist_begin(s, &e, reterr);
        if (r < 0)
                return r;
        r = hand_over_tree(s, socket, reterr);
        if (r >= 0)
                r = settle_leader(s, reterr);
        if (r >= 0)
                r = await_ready(s, socket, reterr);
        if (r < 0) {
                enlist_abandon(s, &e);
                return r;
        }
        r = enlist_end(s, &e, reterr);
        if (r >= 0)
                r = settle_cgroup(s, reterr);
        if (r < 0)
                return r;
        s->record->registered = s->registered;
        memory_watch_begin(s);
        r = s->record->reboots > 0 ? live_binds_again(s, reterr) : 0;
        return r < 0 ? r : let_go(socket, reterr);
}

static bool is_alone(const Supervisor *s) {
        return !s->bus && s->plan->console == CONSOLE_PIPE && s->record->reboots == 0;
}

int supervisor_launch(Supervisor *s, Error **reterr) {
        _cleanup_close_ int socket = -1;
        int r;

        r = supervisor_bear(s, &socket, reterr);
        if (r >= 0 && s->lock->fds[1] < 0) /* start.c; nothing of the tree has been touched yet */
                r = image_lock_take(s->image, s->lock, reterr);
        if (r >= 0)
                r = prepare_child(s, socket, reterr);
        if (r >= 0)
                r = (is_alone(s) ? furnish_alone : enlist_and_furnish)(s, socket, reterr);
        if (r < 0)
                return socket < 0 ? r : child_reason(s, socket, r, reterr);
        supervisor_leave_tree(s); /* now, rather than when who started the machine waits for its end */
        r = child_await(s, socket, 0, NULL, NULL, reterr);
        if (r < 0)
                return r;
        s->launched = true;
        s->launched_usec = clock_usec(CLOCK_MONOTONIC);
        r = readiness_begin(s, reterr);
        if (r >= 0)
                zone_services_spawn(s); /* behind who waits for the start: it can be asked for names a moment later */
        if (r >= 0)
                port_relays_begin(s);
        return r;
}
