/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "fd.h"
#include "libsystemd.h"
#include "namespace.h"
#include "pidfd.h"
#include "supervisor.h"
#include "text.h"

/* What the guest says of itself on /run/host/notify. READY=1 is believed when it is PID 1 that says so.
 *
 * A datagram can carry descriptors, which recvmsg(2) closes where there is no room for them; and whoever closes the last one of a TCP
 * socket waits for its peer for as long as its owner has said (SO_LINGER, socket(7)), years if he likes. So each datagram is looked at
 * before it is taken, and one with descriptors is taken by a process that can be killed: a dying process does not linger. Linux 6.16 can
 * refuse them (SO_PASSRIGHTS); others cannot. */

#define NOTIFY_MAX 4096
#define STATUS_BURST 20 /* a second */
#define ROUND_USEC (100 * 1000)
#define ROUND_MAX 500 /* datagrams; what comes after that waits for the next round, so that a flood gets little of our time */
#define TAKE_MSEC 20

/* Each line makes work for the host's PID 1: a guest does not say how much. What is over is read, for its sender must not wait. */
static bool status_may_pass(Supervisor *s) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        if (ts.tv_sec != s->notify.status_second) {
                s->notify.status_second = ts.tv_sec;
                s->notify.status_count = 0;
        }
        return s->notify.status_count++ < STATUS_BURST;
}

/* One datagram and the pid, in our namespace, of who sent it; 0 when the kernel did not say. -EBADMSG where it has descriptors, and is
 * still to be taken. */
static ssize_t receive(int fd, char *text, size_t size, pid_t *ret_sender) {
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control = {};
        struct iovec iov = { .iov_base = text, .iov_len = size };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_PEEK);

        *ret_sender = 0;
        if (n < 0)
                return n;
        if (m.msg_flags & MSG_CTRUNC)
                return -EBADMSG;
        m.msg_controllen = sizeof(control);
        n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
        for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                struct ucred cred;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
                        continue;
                memcpy(&cred, CMSG_DATA(c), sizeof(cred));
                *ret_sender = cred.pid;
        }
        return n;
}

/* Not without us: it has all our descriptors, the machine's name among them. */
static pid_t start_another(int *ret_pidfd) {
        pid_t us = getpid(), pid = clone_into(0, -1, ret_pidfd);

        if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != us))
                _exit(EXIT_FAILURE);
        return pid;
}

static void wait_briefly_and_kill(int pidfd, int msec) {
        siginfo_t info;

        if (msec == 0 || poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, msec) <= 0)
                (void) pidfd_kill(pidfd, SIGKILL);
        (void) pidfd_wait(pidfd, &info);
        close_fd(pidfd);
}

/* Without its content: nothing that passes has descriptors. */
static void take_by_another(int fd) {
        int pidfd;
        pid_t pid = start_another(&pidfd);
        char byte;

        if (pid == 0)
                _exit(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        if (pid > 0)
                wait_briefly_and_kill(pidfd, TAKE_MSEC);
}

static int on_rest_over(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        s->notify.rest = event_source_free(s->notify.rest);
        return event_source_set_enabled(s->notify.source, EVENT_ON);
}

/* `cost` in datagrams. */
static void count(Supervisor *s, unsigned cost) {
        NotifyWatch *w = &s->notify;
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (now - w->round >= ROUND_USEC) {
                w->round = now;
                w->count = 0;
        }
        w->count += cost;
        if (w->count >= ROUND_MAX && !w->rest &&
            event_add_time(s->event, &w->rest, w->round + ROUND_USEC, on_rest_over, s) >= 0)
                (void) event_source_set_enabled(w->source, EVENT_OFF);
}

/* Only READY and STATUS pass: the rest of the protocol is between our own manager and us. */
static int on_notify(_unused_ EventSource *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        char text[NOTIFY_MAX + 1], *state = NULL;
        pid_t sender;
        ssize_t n = receive(fd, text, NOTIFY_MAX, &sender);

        if (n == -EBADMSG)
                take_by_another(fd);
        count(s, n == -EBADMSG ? ROUND_MAX : 1);
        if (n <= 0 || n > NOTIFY_MAX)
                return 0;
        text[n] = 0;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (strcmp(line, "READY=1") == 0 && sender == s->leader)
                        readiness_notified(s);
                else if (strncmp(line, "STATUS=", 7) == 0 && string_is_clean(line) && status_may_pass(s))
                        (void) sd_notifyf(0, "STATUS=Machine %s: %.200s", s->plan->name, line + 7);
        return 0;
}

int supervisor_watch_notify(Supervisor *s) {
        return event_add_io(s->event, &s->notify.source, s->notify_fd, EPOLLIN, on_notify, s);
}

/* What nobody has taken is closed with the socket, and so, too, by a process that dies. */
void supervisor_close_notify(Supervisor *s) {
        bool waiting = s->notify_fd >= 0 && poll(&(struct pollfd){ .fd = s->notify_fd, .events = POLLIN }, 1, 0) > 0;
        int pidfd;
        pid_t pid = waiting ? start_another(&pidfd) : -1;

        if (pid == 0)
                for (;;)
                        pause();
        s->notify.source = event_source_free(s->notify.source);
        s->notify.rest = event_source_free(s->notify.rest);
        s->notify_fd = close_fd(s->notify_fd);
        if (pid > 0)
                wait_briefly_and_kill(pidfd, 0);
}
