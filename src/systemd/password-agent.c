/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "password-agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "process.h"

#define AGENT "/usr/bin/pkttyagent"
#define FORBIDDEN "NBOX_NO_ASK_PASSWORD"
#define NOTIFY_FD 3
#define REGISTER_MSEC 5000

/* --fallback: one that a desktop has comes first. */
static void run_agent(int notify, pid_t parent) {
        process_reset_signals();
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent && (notify == NOTIFY_FD ? fcntl(notify, F_SETFD, 0) : dup2(notify, NOTIFY_FD)) >= 0)
                execl(AGENT, "pkttyagent", "--fallback", "--notify-fd", "3", (char *) NULL);
        _exit(1); /* the call goes on without it */
}

void password_agent_forbid(void) {
        (void) setenv(FORBIDDEN, "1", 1);
}

bool password_agent_is_forbidden(void) {
        return getenv(FORBIDDEN) != NULL;
}

pid_t password_agent_start(void) {
        pid_t pid, parent = getpid();
        int fds[2];

        if (password_agent_is_forbidden() || geteuid() == 0 || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || access(AGENT, X_OK) < 0 || pipe2(fds, O_CLOEXEC) < 0)
                return 0;
        pid = fork();
        if (pid == 0)
                run_agent(fds[1], parent);
        close(fds[1]);
        /* It closes the pipe when polkit has heard of it, or it ends. */
        if (pid > 0)
                (void) poll(&(struct pollfd){ .fd = fds[0] }, 1, REGISTER_MSEC);
        close(fds[0]);
        return pid > 0 ? pid : 0;
}

void password_agent_stop(pid_t *pid) {
        if (*pid <= 0)
                return;
        (void) kill(*pid, SIGTERM);
        (void) kill(*pid, SIGCONT);
        while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
                ;
        *pid = 0;
}
