/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "join.h"
#include "process.h"

/* While a command runs inside, we stand for it: a signal to us is meant for it. A ^C goes to the command's whole group, as a
 * terminal would have it: a shell that waits for its child would else be the only one to hear of it. */

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void make_set(sigset_t *set) {
        sigemptyset(set);
        for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
                sigaddset(set, forwarded[i]);
}

void join_block_signals(void) {
        sigset_t set;

        make_set(&set);
        sigaddset(&set, SIGPIPE); /* a command that does not read ends by itself */
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
}

static void forward(const Joined *j, int signals) {
        struct signalfd_siginfo si;

        while (read(signals, &si, sizeof(si)) == sizeof(si))
                if (kill(-j->pid, (int) si.ssi_signo) < 0) /* not reaped yet: the number is still its own */
                        (void) kill(j->pid, (int) si.ssi_signo);
}

static int reap(const Joined *j, Error **reterr) {
        int status;

        while (waitpid(j->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the command");
        return process_exit_status(status);
}

int join_wait(const Joined *j, Relay *relay, Error **reterr) {
        _cleanup_close_ int signals = -1;
        struct pollfd p[2 + RELAY_POLL_MAX];
        sigset_t set;

        make_set(&set);
        signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0)
                return error_errno(reterr, errno, "Cannot watch for signals");
        for (;;) {
                size_t n = 2;

                p[0] = (struct pollfd){ .fd = j->pidfd, .events = POLLIN };
                p[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
                if (relay)
                        n += relay_poll(relay, p + 2);
                if (poll(p, n, -1) < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the command");
                if (p[1].revents)
                        forward(j, signals);
                if (relay)
                        relay_handle(relay); /* after its end too: what it has said is still to be shown */
                if (p[0].revents)
                        return reap(j, reterr);
        }
}
