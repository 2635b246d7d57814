/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside.h"

#include <poll.h>
#include <signal.h>

#include "attach.h"
#include "freezer.h"
#include "log.h"
#include "seal.h"

#define HANGUP_MSEC 1000

int inside_open(const char *name, Machine **ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r;

        r = machine_open_to_enter(name, MACHINE_OPEN_WAIT_USEC, &m, reterr);
        if (r >= 0)
                r = freezer_check(m, reterr);
        if (r >= 0 && m->record->uid_base == 0)
                r = seal_self(reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

void inside_request(const Machine *m, JoinRequest *ret) {
        *ret = (JoinRequest){ .name = m->record->name, .leader = m->record->leader, .leader_fd = m->leader_fd, .record = m->record,
                              .labelled = m->record->selinux };
}

/* 126 and 127 come with an Error of their own, and are an exit status. */
static int start(const JoinRequest *request, Joined *j, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = join_start(request, j, &error);

        if (r > 0)
                return log_report(LOG_LEVEL_ERROR, r, error);
        return r < 0 ? error_pass(reterr, r, &error) : 0;
}

int inside_on_stdio(JoinRequest *request, Error **reterr) {
        Joined j = { .pidfd = -1, .pty = -1 };
        Relay relay;
        int r;

        r = relay_begin(&relay, request->labelled);
        if (r < 0)
                error_errno(reterr, r, "Cannot make pipes");
        if (r >= 0) {
                request->stdio = JOIN_STDIO;
                for (size_t i = 0; i < 3; i++)
                        request->fds[i] = relay.theirs[i];
                r = start(request, &j, reterr);
        }
        if (r == 0) {
                join_block_signals(); /* not before: a machine that lets nothing start can be left with ^C; the command dies with us */
                relay_started(&relay);
                r = join_wait(&j, &relay, reterr);
        }
        relay_done(&relay);
        joined_done(&j);
        return r;
}

int inside_on_terminal(JoinRequest *request, Error **reterr) {
        Joined j = { .pidfd = -1, .pty = -1 };
        struct winsize size;
        AttachEnd end;
        int r, pty;

        request->stdio = JOIN_PTY;
        request->size = attach_window_size(&size) ? &size : NULL;
        if (request->end_signal == 0)
                request->end_signal = SIGHUP; /* as the terminal itself sends: a shell then ends what it runs */
        r = start(request, &j, reterr);
        if (r != 0)
                return r;
        pty = TAKE_FD(j.pty);
        r = attach_run(request->name, ATTACH_PTY, pty, j.pidfd, ATTACH_EOF_SEND, &end, reterr);
        if (r >= 0 && end == ATTACH_END_PEER)
                r = join_wait(&j, NULL, reterr);
        else if (poll(&(struct pollfd){ .fd = j.pidfd, .events = POLLIN }, 1, HANGUP_MSEC) == 0)
                (void) kill(j.pid, SIGKILL); /* it has been hung up, and stays */
        joined_done(&j);
        return r;
}
