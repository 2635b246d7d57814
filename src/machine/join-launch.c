/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "join-launch.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clock.h"
#include "exit-status.h"
#include "fd.h"
#include "namespace.h"
#include "pidfd.h"
#include "strv.h"

/* The caller's half of join-child.c: it makes the joiner, and hears of what became of it and of the command. */

#define CGROUP_TRIES 20
#define CGROUP_PAUSE_USEC (5 * 1000)
#define STACK_SIZE ((size_t) 128 * 1024)

extern char **environ;

static pid_t start_joiner(JoinPlan *p, int cgroup) {
        int pidfd = -1;
        pid_t pid;

        if (p->shared)
                return vfork_into(cgroup, &p->shared->stacks[1], join_child_shared, p);
        pid = clone_into(0, cgroup, &pidfd);
        if (pid == 0)
                join_child(p);
        close_fd(pidfd);
        return pid;
}

/* In init's cgroup. A systemd guest moves its init into a leaf while it starts: then the group that was read is no leaf any more (EBUSY), or
 * has gone, and is read again. */
static pid_t start_joiner_in_guest(JoinPlan *p) {
        for (int tries = 0;; tries++) {
                _cleanup_close_ int cgroup = guest_open_cgroup(p->guest);
                pid_t pid;

                if (cgroup < 0 && cgroup != -ENOENT)
                        return cgroup;
                pid = start_joiner(p, cgroup);
                if (pid >= 0 || (pid != -EBUSY && pid != -ENODEV && pid != -ENOENT) || tries == CGROUP_TRIES)
                        return pid;
                clock_pause(CGROUP_PAUSE_USEC);
        }
}

static int stage_error(const JoinPlan *p, const JoinMessage *m, Error **reterr) {
        const char *name = p->guest->name;

        switch (m->stage) {
        case JOIN_LABEL:
                return error_errno(reterr, m->value, "Cannot take the label of machine '%s', %s", name,
                                   p->labels.selinux ?: p->labels.apparmor);
        case JOIN_SETNS:
                if (m->value == ESRCH)
                        return error_set(reterr, ESRCH, "The machine '%s' has ended", name);
                return error_errno(reterr, m->value, "Cannot enter the namespaces of machine '%s'", name);
        case JOIN_ROOT:
                return error_errno(reterr, m->value, "Cannot enter the root directory of machine '%s'", name);
        case JOIN_FORK:
                if (m->value == ENOMEM) /* what fork says when a pid namespace's init has gone */
                        return error_set(reterr, ESRCH, "The machine '%s' has ended, or is out of memory", name);
                return error_errno(reterr, m->value, "Cannot start a process in machine '%s'", name);
        case JOIN_SESSION:
                return error_errno(reterr, m->value, "Cannot open a session on the terminal in machine '%s'", name);
        case JOIN_PRIVILEGES:
                return error_errno(reterr, m->value, "Cannot give up what machine '%s' may not do", name);
        case JOIN_IDS:
                return error_errno(reterr, m->value, "Cannot become user '%s' in machine '%s'", p->user->name, name);
        case JOIN_CHDIR:
                return error_errno(reterr, m->value, "Cannot change into directory '%s' in machine '%s'", p->chdir ?: "/", name);
        case JOIN_EXEC:
                error_errno(reterr, m->value, "Cannot execute '%s' in machine '%s'", p->file, name);
                return m->value == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
        default:
                return error_set(reterr, EPROTO, "Cannot start a process in machine '%s'", name);
        }
}

static int reap(pid_t pid) {
        int status = 0;

        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status;
}

static int joiner_error(const JoinPlan *p, pid_t error, Error **reterr) {
        return error_errno(reterr, error, "Cannot start a process in the cgroup of machine '%s'", p->guest->name);
}

static int lost_joiner(const JoinPlan *p, Error **reterr) {
        return error_set(reterr, EPROTO, "The process that was to enter machine '%s' has ended before its time", p->guest->name);
}

/* The joiner's word, then the command's: it says something only when it fails, and the socket closes on execve(). */
static int follow(const JoinPlan *p, int sock, pid_t joiner, pid_t *ret_pid, Error **reterr) {
        JoinMessage m = {};
        pid_t pid;
        ssize_t n;
        int r;

        n = fd_recv(sock, &m, sizeof(m), NULL, NULL);
        (void) reap(joiner);
        if (n != sizeof(m))
                return lost_joiner(p, reterr);
        if (m.stage != JOIN_STARTED)
                return stage_error(p, &m, reterr);
        pid = m.value;
        r = fd_send(sock, "", 1, NULL, 0);
        n = r >= 0 ? fd_recv(sock, &m, sizeof(m), NULL, NULL) : 0;
        if (n == sizeof(m)) {
                (void) reap(pid);
                return stage_error(p, &m, reterr);
        }
        *ret_pid = pid;
        return 0;
}

static int launch_forked(JoinPlan *p, pid_t *ret_pid, Error **reterr) {
        _cleanup_close_ int ours = -1;
        pid_t joiner;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        ours = pair[0];
        p->sock = pair[1];
        joiner = start_joiner_in_guest(p);
        p->sock = close_fd(p->sock);
        return joiner < 0 ? joiner_error(p, joiner, reterr) : follow(p, ours, joiner, ret_pid, reterr);
}

/* A joiner that was killed may have left a command behind that goes on in our memory: not for a moment longer than it takes. */
static int follow_shared(const JoinPlan *p, pid_t joiner, pid_t *ret_pid, Error **reterr) {
        const JoinShared *s = p->shared;
        int status = reap(joiner);

        if (!WIFEXITED(status) && s->command > 0)
                (void) kill(s->command, SIGKILL); /* not reaped yet: the number is its own */
        if (!WIFEXITED(status) || s->failure.stage != JOIN_STARTED)
                (void) reap(s->command);
        if (!WIFEXITED(status))
                return lost_joiner(p, reterr);
        if (s->failure.stage != JOIN_STARTED)
                return stage_error(p, &s->failure, reterr);
        if (s->command <= 0)
                return lost_joiner(p, reterr);
        *ret_pid = s->command;
        return 0;
}

/* Nobody inside is to see into our memory, by then neither. */
static int launch_in_our_memory(JoinPlan *p, pid_t *ret_pid, Error **reterr) {
        int dumpable = prctl(PR_GET_DUMPABLE), r;
        char **environment = environ;
        pid_t joiner;

        (void) prctl(PR_SET_DUMPABLE, 0);
        joiner = start_joiner_in_guest(p);
        r = joiner < 0 ? joiner_error(p, joiner, reterr) : follow_shared(p, joiner, ret_pid, reterr);
        environ = environment;
        (void) prctl(PR_SET_DUMPABLE, dumpable == 1);
        return r;
}

/* What it is asked to execute may be a script without "#!": then the C library puts the arguments on the stack, too. */
static int launch_shared(JoinPlan *p, pid_t *ret_pid, Error **reterr) {
        _cleanup_close_ int ours = -1;
        JoinShared shared = {};
        int pair[2], r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        ours = pair[1];
        p->sock = pair[0];
        p->shared = &shared;
        r = vfork_stacks_make(STACK_SIZE + (strv_length(p->argv) + 2) * sizeof(char *), STACK_SIZE, shared.stacks);
        r = r < 0 ? error_oom(reterr) : launch_in_our_memory(p, ret_pid, reterr);
        vfork_stacks_done(shared.stacks);
        p->shared = NULL;
        p->sock = close_fd(p->sock);
        return r;
}

/* Not with an init that has made a user namespace itself: beside it there may be root of the host's, who may trace anything. And the kernel lets
 * nobody who shares memory into another time namespace. */
static bool can_share(const JoinPlan *p) {
        return vfork_is_there() && p->own_users && (p->guest->namespaces & CLONE_NEWUSER) && !(p->guest->namespaces & CLONE_NEWTIME);
}

int join_launch(JoinPlan *p, Joined *ret, Error **reterr) {
        pid_t pid = 0;
        int r = can_share(p) ? launch_shared(p, &pid, reterr) : launch_forked(p, &pid, reterr), pidfd;

        if (r != 0)
                return r;
        pidfd = pidfd_of(pid);
        if (pidfd < 0)
                return error_errno(reterr, pidfd, "Cannot follow the process in machine '%s'", p->guest->name);
        *ret = (Joined){ .pid = pid, .pidfd = pidfd, .pty = -1 };
        return 0;
}
