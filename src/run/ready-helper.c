/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ready-helper.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"
#include "join.h"
#include "namespace.h"

#define COMMAND_MSEC 30000 /* a command that takes longer is killed, and tried again */
#define LEADER_FD 3

uint64_t ready_pause_usec(uint64_t elapsed_usec) {
        static const struct {
                uint64_t until, pause;
        } steps[] = {
                { 20 * 1000, 2 * 1000 }, { 200 * 1000, 20 * 1000 }, { 10 * 1000000, 100 * 1000 }, { 60 * 1000000, 500 * 1000 },
        };

        for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                if (elapsed_usec < steps[i].until)
                        return steps[i].pause;
        return 2 * 1000000;
}

/* Its whole process group ends with a command that takes too long; what it has put into groups of their own are the machine's
 * processes like any that `nbox exec` leaves. */
static bool command_succeeds(const ReadyHelper *h) {
        JoinRequest q = { .name = h->machine, .leader = h->leader, .leader_fd = LEADER_FD, .argv = h->condition->argv,
                          .fds = { -1, -1, -1 } };
        Joined j = { .pidfd = -1, .pty = -1 };
        int status = -1;

        if (join_start(&q, &j, NULL) != 0) /* 126 and 127 too: it may yet be installed */
                return false;
        if (poll(&(struct pollfd){ .fd = j.pidfd, .events = POLLIN }, 1, COMMAND_MSEC) <= 0) {
                (void) kill(-j.pid, SIGKILL); /* not reaped yet: the number is still its own */
                (void) kill(j.pid, SIGKILL);
        }
        while (waitpid(j.pid, &status, 0) < 0 && errno == EINTR)
                ;
        joined_done(&j);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool holds(const ReadyHelper *h) {
        const ReadyCondition *c = h->condition;

        switch (c->kind) {
        case READY_FILE:
                return look_for_file(h->leader, c->path);
        case READY_PORT:
                return look_for_port(h->leader, c->protocol, c->port, &h->users);
        case READY_COMMAND:
                return command_succeeds(h);
        default:
                return false;
        }
}

/* The supervisor's descriptors are not ours to keep: its claim on the machine's name is a lock on one of them. */
static int leave_descriptors(const ReadyHelper *h) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0)
                return -errno;
        for (int fd = 0; fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        return -errno;
        if (h->leader_fd != LEADER_FD && dup3(h->leader_fd, LEADER_FD, O_CLOEXEC) < 0)
                return -errno;
        return close_range(LEADER_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void helper_main(const ReadyHelper *h, pid_t parent) {
        uint64_t began = clock_usec(CLOCK_MONOTONIC);

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || getppid() != parent || leave_descriptors(h) < 0)
                _exit(1);
        while (!holds(h))
                clock_pause(ready_pause_usec(clock_usec(CLOCK_MONOTONIC) - began));
        _exit(0);
}

int ready_helper_start(const ReadyHelper *h, Error **reterr) {
        pid_t parent = getpid(), pid;
        int fd;

        pid = clone_into(0, -1, &fd);
        if (pid == 0)
                helper_main(h, parent);
        return pid < 0 ? error_errno(reterr, pid, "Cannot start what waits for %s", h->condition->description) : fd;
}
