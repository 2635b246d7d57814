/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child-words.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "exit-status.h"
#include "fd.h"
#include "parse.h"

static int report_child_failure(Supervisor *s, const ChildFailure *f, Error **reterr) {
        if (f->exec)
                s->exit_status = f->code == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
        error_set(reterr, f->code, "%.*s", (int) sizeof(f->message), f->message);
        if (f->hint[0])
                error_hint(reterr, f->code, "%.*s", (int) sizeof(f->hint), f->hint);
        return f->code < 0 ? f->code : -EIO;
}

/* Its socket closes a moment before it can be waited for; who reaps it comes later. */
static int report_child_end(const Supervisor *s, Error **reterr) {
        char text[SIGNAL_TEXT_MAX];
        siginfo_t info = {};

        if (waitid(P_PIDFD, (id_t) s->leader_fd, &info, WEXITED | WNOWAIT) < 0)
                return error_errno(reterr, errno, "The machine's first process ended before it was set up");
        if (info.si_code == CLD_EXITED)
                return error_set(reterr, EIO, "The machine's first process ended before it was set up (exit status %d)", info.si_status);
        return error_set(reterr, EIO, "The machine's first process was ended by %s before it was set up",
                         signal_to_text(info.si_status, text));
}

int child_await(Supervisor *s, int socket, char what, int *masters, size_t *n_masters, Error **reterr) {
        union {
                char type;
                ChildFailure failure;
        } message = {};
        int fds[FD_PASS_MAX];
        size_t n = FD_PASS_MAX;
        ssize_t k = fd_recv(socket, &message, sizeof(message), fds, &n);

        if (k == 0)
                return what ? report_child_end(s, reterr) : 0;
        if (k < 0)
                return error_errno(reterr, (int) k, "Cannot hear what the machine's first process says");
        if (message.type == CHILD_FAILED && k == (ssize_t) sizeof(message.failure))
                return report_child_failure(s, &message.failure, reterr);
        if (!what || message.type != what || n > (what == CHILD_READY ? 1 + PLAN_TTYS : 0))
                return error_set(reterr, EBADMSG, "The machine's first process said something unexpected");
        if (n_masters) {
                memcpy(masters, fds, n * sizeof(int));
                *n_masters = n;
        }
        return 0;
}

int child_reason(Supervisor *s, int socket, int r, Error **reterr) {
        union {
                char type;
                ChildFailure failure;
        } message;
        ssize_t k;

        while ((k = recv(socket, &message, sizeof(message), MSG_DONTWAIT)) > 0) {
                if (message.type != CHILD_FAILED || k != (ssize_t) sizeof(message.failure))
                        continue;
                if (reterr)
                        *reterr = (error_free(*reterr), NULL);
                return report_child_failure(s, &message.failure, reterr);
        }
        return r;
}
