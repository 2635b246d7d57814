/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stub-init.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "caps.h"
#include "process.h"

/* Everything that a parent outside would send; faults and job control stay with who has them. */
static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };

static _Noreturn void reap(pid_t command, const sigset_t *set) {
        for (;;) {
                siginfo_t info = {};
                int sig = sigwaitinfo(set, &info);

                if (sig < 0)
                        continue;
                if (sig != SIGCHLD) {
                        (void) kill(command, sig);
                        continue;
                }
                for (;;) {
                        int status;
                        pid_t pid = waitpid(-1, &status, WNOHANG);

                        if (pid <= 0)
                                break;
                        if (pid == command)
                                _exit(process_exit_status(status));
                }
        }
}

int stub_init_fork(Error **reterr) {
        sigset_t set;
        pid_t pid;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
                sigaddset(&set, forwarded[i]);
        if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
                return error_errno(reterr, errno, "Cannot block signals");

        pid = fork();
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot start the command under the stub init");
        if (pid == 0) {
                /* A session of its own, with the terminal if there is one: PID 1 must not be hung up with it. */
                if (setsid() < 0)
                        return error_errno(reterr, errno, "Cannot start a session");
                if (isatty(STDIN_FILENO))
                        (void) ioctl(STDIN_FILENO, TIOCSCTTY, 1);
                return 0;
        }
        (void) caps_limit(CAP_BIT(CAP_KILL)); /* to pass signals on to a command that has become somebody else */
        (void) prctl(PR_SET_NAME, "nbox-init");
        (void) syscall(SYS_close_range, 0, ~0U, 0); /* the socket to the supervisor too: its end says that the command runs */
        reap(pid, &set);
}
