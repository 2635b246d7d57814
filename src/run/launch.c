/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "api-mounts.h"
#include "assemble.h"
#include "cgroup.h"
#include "child.h"
#include "clock.h"
#include "exit-status.h"
#include "fd.h"
#include "guest-hints.h"
#include "log.h"
#include "mount.h"
#include "namespace.h"
#include "process.h"
#include "registration.h"
#include "supervisor.h"
#include "text.h"

/* The order of a start. The child is born first and parked, for systemd-machined wants a process to register and the
 * network a namespace to put a link into; what takes long (the registering: 20 to 35 ms, most of it in PID 1) runs while
 * the child mounts. The cgroup namespace comes last, when the child is in its final group. */

#define CANCEL_PATIENCE_USEC 500000
#define LEFT_OVER_USEC (45 * UINT64_C(1000000)) /* longer than systemd-machined stays without machines */
#define LEFT_OVER_STEP_USEC 50000
#define LEFT_OVER_SAID 40
#define STOP_SIGNAL_USEC (2 * UINT64_C(1000000)) /* from the end of the job to the signal, on a host that is busy */

/* The group that supervisor_choose_cgroup() chose. */
static int make_cgroup(Supervisor *s, int *ret_fd, Error **reterr) {
        int fd, r;

        *ret_fd = -1;
        if (!s->cgroup_owned)
                return 0;
        r = cgroup_create(s->cgroup);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the cgroup %s", s->cgroup);
        fd = cgroup_open(s->cgroup);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open the cgroup %s", s->cgroup);
        *ret_fd = fd;
        return 0;
}

static uint64_t namespaces(const MachinePlan *p) {
        return CLONE_NEWPID | CLONE_NEWUTS | (p->userns ? (uint64_t) CLONE_NEWUSER : 0) |
                (p->network != NETWORK_HOST ? (uint64_t) CLONE_NEWNET : 0);
}

/* A pipe is somebody else's file, as a user namespace sees it: give it to root inside, or /dev/stderr cannot be opened. */
static void give_pipes(const MachinePlan *p) {
        if (p->console != CONSOLE_PIPE || !p->userns)
                return;
        for (int fd = 0; fd < 3; fd++) {
                struct stat st;

                if (fstat(fd, &st) >= 0 && S_ISFIFO(st.st_mode) && fchown(fd, p->uid_base, p->uid_base) < 0)
                        log_debug("Cannot give a pipe to the machine's root: %s, ignoring", strerror(errno));
        }
}

static int spawn_child(Supervisor *s, int *ret_socket, Error **reterr) {
        _cleanup_close_ int cgroup = -1;
        int sockets[2], r;
        pid_t pid;

        r = make_cgroup(s, &cgroup, reterr);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        give_pipes(s->plan);
        pid = clone_into(namespaces(s->plan), cgroup, &s->leader_fd);
        if (pid == 0) {
                ChildSetup setup = { .plan = s->plan, .socket = sockets[1], .stdio = { 0, 1, 2 } };

                close_fd(sockets[0]);
                child_main(&setup);
        }
        close_fd(sockets[1]);
        if (pid < 0) {
                close_fd(sockets[0]);
                error_errno(reterr, pid, "Cannot make the machine's namespaces");
                if (pid == -EPERM || pid == -ENOSPC)
                        error_hint(reterr, pid, "See sysctl user.max_user_namespaces (and kernel.unprivileged_userns_clone).");
                return pid;
        }
        s->leader = pid;
        s->record->leader = pid;
        (void) process_start_time(pid, &s->record->leader_start);
        *ret_socket = sockets[0];
        return 0;
}

static int attach_network(Supervisor *s, Error **reterr) {
        NetworkRequest req = {
                .machine = s->plan->name, .zone = s->plan->zone, .ports = s->plan->ports, .n_ports = s->plan->n_ports,
                .keep_address = s->plan->keep_address,
        };
        _cleanup_close_ int netns = -1;
        NetworkLease lease = {};
        int r;

        if (s->plan->network == NETWORK_HOST)
                return 0;
        netns = namespace_open(s->leader, "net");
        if (netns < 0)
                return error_errno(reterr, netns, "Cannot open the machine's network namespace");
        if (s->plan->network == NETWORK_NONE)
                return network_loopback_up(netns, reterr);
        req.netns = netns;
        s->network_attached = true;
        r = network_attach(&req, &lease, reterr);
        if (r < 0)
                return r;
        return guest_hints_take_lease(s, &lease, reterr);
}

static int cancelled(Error **reterr) {
        return error_set(reterr, ECANCELED, "The machine was asked to end before it ran");
}

static int start_registration(Supervisor *s, const Registration *reg, PendingRegistration **ret, Error **reterr) {
        if (!s->bus || !s->plan->registered)
                return 0;
        return registration_start(s->bus, reg, ret, reterr);
}

/* systemd may take its time, and who starts the machine need not wait for it: signals and requests are heard. An answer that is just
 * coming is waited for all the same, so that what it tells of can be taken away in order. */
static int await_systemd(Supervisor *s, const PendingRegistration *machine, const PendingScope *scope, Error **reterr) {
        uint64_t end = UINT64_MAX, now = 0;

        while (machine ? !registration_is_answered(machine) : !scope_is_answered(scope)) {
                int r = sd_event_run(s->event, end == UINT64_MAX ? UINT64_MAX : end - now);

                if (r < 0)
                        return error_errno(reterr, r, "Lost the connection to the system bus");
                now = clock_usec(CLOCK_MONOTONIC);
                if (end == UINT64_MAX && supervisor_is_cancelled(s))
                        end = clock_deadline(CANCEL_PATIENCE_USEC);
                if (now >= end) {
                        s->abandoned = true;
                        return error_set(reterr, ECANCELED, "systemd was not waited for");
                }
        }
        return 0;
}

static int make_scope(Supervisor *s, const Registration *reg, Error **reterr) {
        PendingScope *scope = NULL;
        int r = scope_begin(s->bus, reg, &scope, reterr);

        if (r >= 0)
                r = await_systemd(s, NULL, scope, reterr);
        if (r < 0) {
                scope_cancel(scope);
                return r;
        }
        return scope_finish(scope, &s->scope, reterr);
}

/* One try. -EEXIST: the scope's name is taken. */
static int register_once(Supervisor *s, PendingRegistration *pending, Error **reterr) {
        int r = await_systemd(s, pending, NULL, reterr);

        if (r < 0) {
                registration_cancel(pending);
                return r;
        }
        r = registration_wait(pending, &s->scope, reterr);
        s->registered = r >= 0;
        return r;
}

/* A start that was stopped a moment ago may have left the scope's name taken. 1 when it was, and is free now. */
static int await_free_scope(Supervisor *s, Error **reterr) {
        _cleanup_free_ char *scope = machine_scope_name(s->plan->name);
        uint64_t end = clock_deadline(LEFT_OVER_USEC);
        int r, waited = 0;

        if (!scope)
                return error_oom(reterr);
        while ((r = scope_is_left_over(s->bus, scope, reterr)) > 0 && clock_usec(CLOCK_MONOTONIC) < end) {
                r = sd_event_run(s->event, LEFT_OVER_STEP_USEC);
                if (r < 0)
                        return error_errno(reterr, r, "Lost the connection to the system bus");
                if (supervisor_is_cancelled(s))
                        return cancelled(reterr);
                if (waited++ == LEFT_OVER_SAID)
                        log_info("Waiting for systemd to give the name of %s free", scope);
        }
        return r < 0 ? r : r == 0 && waited > 0;
}

/* The scope: by systemd-machined, or by systemd alone where that is not wanted or not to be had. */
static int finish_registration(Supervisor *s, PendingRegistration *pending, const Registration *reg, Error **reterr) {
        unsigned tries = 0; /* it may have become free before we looked */

        while (pending) {
                _cleanup_(error_freep) Error *error = NULL;
                int k, r = register_once(s, pending, &error);

                pending = NULL;
                if (r >= 0)
                        return 0;
                if (r == -EEXIST) {
                        k = await_free_scope(s, reterr);
                        if (k == 0 && tries++ > 0)
                                return error_pass(reterr, r, &error);
                        r = k < 0 ? k : start_registration(s, reg, &pending, reterr);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (r != -EOPNOTSUPP)
                        return error_pass(reterr, r, &error);
                log_warning("%s: machinectl will not see %s, ignoring", error ? error->message : strerror(-r), s->plan->name);
        }
        return s->bus ? make_scope(s, reg, reterr) : 0;
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
        r = cgroup < 0 ? cgroup : s->plan->userns ? cgroup_delegate(cgroup, s->plan->uid_base) : 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot hand the cgroup %s over to the machine", s->cgroup);
        if (string_set(&s->record->cgroup, s->cgroup) < 0)
                return error_oom(reterr);
        return 0;
}

static int report_child_failure(Supervisor *s, const ChildFailure *f, Error **reterr) {
        if (f->exec)
                s->exit_status = f->code == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
        error_set(reterr, f->code, "%.*s", (int) sizeof(f->message), f->message);
        if (f->hint[0])
                error_hint(reterr, f->code, "%.*s", (int) sizeof(f->hint), f->hint);
        return f->code < 0 ? f->code : -EIO;
}

/* Wait for READY (with the ptys' masters), or for the end of the stream, which is a successful exec. */
static int await_child(Supervisor *s, int socket, bool ready, int *masters, size_t *n_masters, Error **reterr) {
        for (;;) {
                union {
                        char type;
                        ChildFailure failure;
                } message = {};
                int fds[FD_PASS_MAX];
                size_t n = FD_PASS_MAX;
                ssize_t k = fd_recv(socket, &message, sizeof(message), fds, &n);
                int r;

                if (k == 0 && !ready)
                        return 0;
                if (k <= 0)
                        return error_set(reterr, EIO, "The machine's first process ended before it was set up");
                if (message.type == CHILD_FAILED && k == (ssize_t) sizeof(message.failure))
                        return report_child_failure(s, &message.failure, reterr);
                if (message.type == CHILD_WANTS_API) {
                        r = api_mounts_send(s->leader_fd, s->plan->network != NETWORK_HOST, socket, reterr);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (message.type != CHILD_READY || !ready || n > 1 + PLAN_TTYS)
                        return error_set(reterr, EBADMSG, "The machine's first process said something unexpected");
                memcpy(masters, fds, n * sizeof(int));
                *n_masters = n;
                return 0;
        }
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
        /* Before anything in the machine can ask. */
        if (r >= 0 && n > 0 && s->plan->console == CONSOLE_INTERACTIVE && attach_window_size(&size))
                terminal_set_size(s->terminals[0], size.ws_row, size.ws_col);
        return r;
}

static int build_tree(Supervisor *s, int socket, Error **reterr) {
        _cleanup_(guest_files_done) GuestFiles files = {};
        _cleanup_close_ int userns = -1, root = -1;
        static const char built = CHILD_BUILT;
        int r;

        if (s->plan->userns) {
                userns = namespace_open(s->leader, "user");
                if (userns < 0)
                        return error_errno(reterr, userns, "Cannot open the machine's user namespace");
        }
        r = guest_hints_make(s, &files, reterr);
        if (r < 0)
                return r;
        s->staged = true;
        root = assemble_tree(s->plan, s->image->fd, userns, &files, &s->notify_fd, reterr);
        if (root < 0)
                return root;
        r = fd_send(socket, &built, 1, &root, 1);
        return r < 0 ? error_errno(reterr, r, "Cannot speak with the machine's first process") : 0;
}

/* The child's ids and its network, which it cannot give itself. */
static int prepare_child(Supervisor *s, Error **reterr) {
        if (s->plan->userns) {
                int r = userns_write_maps(s->leader, s->plan->uid_base, s->plan->uid_range);

                if (r < 0)
                        return error_errno(reterr, r, "Cannot map the machine's user ids");
        }
        return attach_network(s, reterr);
}

static Registration registration_of(const Supervisor *s) {
        Registration reg = {
                .name = s->plan->name, .leader = s->leader, .root = s->plan->root, .unit = s->unit, .slice = s->plan->slice,
                .ifindices = &s->host_ifindex, .n_ifindices = s->host_ifindex > 0, .properties = s->plan->properties,
                .stop_timeout_usec = s->plan->stop_timeout_usec,
        };

        memcpy(reg.id, s->plan->id, sizeof(reg.id));
        return reg;
}

/* The tree, and the child's terminals in return. */
static int furnish_child(Supervisor *s, int socket, Error **reterr) {
        int masters[1 + PLAN_TTYS], r;
        size_t n_masters = 0;

        r = build_tree(s, socket, reterr);
        if (r >= 0)
                r = await_child(s, socket, true, masters, &n_masters, reterr);
        return r < 0 ? r : take_terminals(s, masters, n_masters, reterr);
}

/* The call cannot be taken back: what it may yet make is removed with the rest. */
static void abandon_registration(Supervisor *s, PendingRegistration *pending) {
        registration_cancel(pending);
        s->registered = true;
        s->scope = machine_scope_name(s->plan->name);
}

/* Who stops our service thereby cancels the start of the scope that is bound to it: then the signal for us is on its way. */
static void await_stop(Supervisor *s) {
        uint64_t end = clock_deadline(STOP_SIGNAL_USEC), now;

        while (s->unit && !supervisor_is_cancelled(s) && (now = clock_usec(CLOCK_MONOTONIC)) < end)
                if (sd_event_run(s->event, end - now) < 0)
                        return;
}

/* Registered, in its final cgroup, and furnished: all that it waits for. */
static int register_and_furnish(Supervisor *s, int socket, Error **reterr) {
        Registration reg = registration_of(s);
        PendingRegistration *pending = NULL;
        int r;

        supervisor_hear(s); /* systemd refuses a scope that is bound to a service which it is stopping */
        if (supervisor_is_cancelled(s))
                return cancelled(reterr);
        r = start_registration(s, &reg, &pending, reterr);
        if (r >= 0)
                r = furnish_child(s, socket, reterr);
        if (r < 0) {
                if (pending)
                        abandon_registration(s, pending);
                return r;
        }
        r = finish_registration(s, pending, &reg, reterr);
        if (r < 0)
                await_stop(s);
        if (r >= 0 && supervisor_is_cancelled(s))
                r = cancelled(reterr);
        return r < 0 ? r : settle_cgroup(s, reterr);
}

static int let_go(Supervisor *s, int socket, Error **reterr) {
        static const char go = CHILD_GO;
        int r = fd_send(socket, &go, 1, NULL, 0);

        if (r < 0)
                return error_errno(reterr, r, "Cannot start the machine's init");
        return await_child(s, socket, false, NULL, NULL, reterr);
}

int supervisor_launch(Supervisor *s, Error **reterr) {
        _cleanup_close_ int socket = -1;
        int r;

        r = spawn_child(s, &socket, reterr);
        if (r >= 0)
                r = prepare_child(s, reterr);
        if (r >= 0)
                r = register_and_furnish(s, socket, reterr);
        if (r < 0)
                return r;
        s->record->registered = s->registered;
        r = let_go(s, socket, reterr);
        if (r < 0)
                return r;
        s->launched = true;
        s->launched_usec = clock_usec(CLOCK_MONOTONIC);
        return readiness_begin(s, reterr);
}
