/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "join.h"
#include "process.h"

/* While a command runs inside, we stand for it: a signal to us is meant for it. A ^C goes to the command's whole group, as a
 * terminal would have it: a shell that waits for its child would else be the only one to hear of it. */

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void make_set(sigset_t *set) {
        sigemptyset(set);
        sigaddset(set, SIGCHLD);
        for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
                sigaddset(set, forwarded[i]);
}

void join_block_signals(void) {
        sigset_t set;

        make_set(&set);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
}

int join_wait(Joined *j, Error **reterr) {
        sigset_t set;

        make_set(&set);
        for (;;) {
                int status, sig;
                pid_t pid = waitpid(j->pid, &status, WNOHANG);

                if (pid == j->pid)
                        return process_exit_status(status);
                if (pid < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the command");
                sig = sigwaitinfo(&set, NULL);
                if (sig > 0 && sig != SIGCHLD && kill(-j->pid, sig) < 0) /* not reaped yet: the number is still its own */
                        (void) kill(j->pid, sig);
        }
}
