/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "supervisor.h"
#include "text.h"

/* What the guest says of itself on /run/host/notify. READY=1 is believed when it is PID 1 that says so. */

#define NOTIFY_MAX 4096
#define STATUS_BURST 20 /* a second */

/* Each line makes work for the host's PID 1: a guest does not say how much. What is over is read, for its sender must not wait. */
static bool status_may_pass(Supervisor *s) {
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        if (ts.tv_sec != s->status_second) {
                s->status_second = ts.tv_sec;
                s->status_count = 0;
        }
        return s->status_count++ < STATUS_BURST;
}

/* One datagram and the pid, in our namespace, of who sent it; 0 when the kernel did not say. */
static ssize_t receive(int fd, char *text, size_t size, pid_t *ret_sender) {
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(struct ucred))];
        } control = {};
        struct iovec iov = { .iov_base = text, .iov_len = size };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

        *ret_sender = 0;
        for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                struct ucred cred;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
                        continue;
                memcpy(&cred, CMSG_DATA(c), sizeof(cred));
                *ret_sender = cred.pid;
        }
        return n;
}

/* Only READY and STATUS pass: the rest of the protocol is between our own manager and us. */
static int on_notify(_unused_ sd_event_source *source, int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        char text[NOTIFY_MAX + 1], *state = NULL;
        pid_t sender;
        ssize_t n = receive(fd, text, NOTIFY_MAX, &sender);

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
        return sd_event_add_io(s->event, NULL, s->notify_fd, EPOLLIN, on_notify, s);
}
