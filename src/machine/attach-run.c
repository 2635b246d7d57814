/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* One Attach in a loop of its own, for a verb. The messages are those of machinectl(1), for hands that know them. */

typedef struct Run {
        EventLoop *event;
        Attach *attach;
        AttachEnd end;
} Run;

/* What would end us by itself, and leave the terminal raw. */
static const int signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };

static void on_event(AttachEnd what, void *userdata) {
        Run *run = userdata;

        run->end = what;
        (void) event_exit(run->event, 0);
}

static int on_signal(EventSource *s, _unused_ const struct signalfd_siginfo *si, void *userdata) {
        Run *run = userdata;

        run->end = ATTACH_END_HANGUP;
        return event_exit(event_source_loop(s), 0);
}

static int on_child(EventSource *s, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Run *run = userdata;

        attach_drain(run->attach);
        run->end = ATTACH_END_PEER;
        return event_exit(event_source_loop(s), 0);
}

static int add_signals(EventLoop *event, Run *run) {
        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                int r = event_add_signal(event, NULL, signals[i], on_signal, run);

                if (r < 0)
                        return r;
        }
        return 0;
}

static void set_signal_mask(int how, sigset_t *old) {
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                sigaddset(&set, signals[i]);
        (void) sigprocmask(how, &set, old);
}

static int run_loop(Run *run, AttachPeer kind, int peer, int child, AttachEof eof, Error **reterr) {
        _cleanup_close_ int owned = peer;
        AttachPolicy policy = { .eof = eof, .on_event = on_event, .userdata = run };
        int r;

        r = add_signals(run->event, run);
        if (r < 0)
                return error_errno(reterr, r, "Cannot watch for signals");
        r = attach_new(run->event, kind, TAKE_FD(owned), &policy, &run->attach, reterr);
        if (r < 0)
                return r;
        if (child >= 0)
                r = event_add_io(run->event, NULL, child, EPOLLIN, on_child, run);
        if (r >= 0)
                r = event_loop(run->event);
        if (r < 0)
                return error_errno(reterr, r, "Cannot wait for the terminal");
        return 0;
}

int attach_run(const char *machine, AttachPeer kind, int peer, int child, AttachEof eof, AttachEnd *ret, Error **reterr) {
        void (*pipe_handler)(int);
        bool tty = isatty(STDIN_FILENO) && log_shows(LOG_LEVEL_INFO);
        Run run = {};
        sigset_t old;
        int r;

        r = event_loop_new(&run.event);
        if (r < 0) {
                close_fd(peer);
                return error_errno(reterr, r, "Cannot make an event loop");
        }
        if (tty)
                fprintf(stderr, "Connected to machine %s. Press ^] three times within 1s to detach.\n", machine);
        set_signal_mask(SIG_BLOCK, &old);
        pipe_handler = signal(SIGPIPE, SIG_IGN); /* a reader of ours that goes away is an end like others */
        r = run_loop(&run, kind, peer, child, eof, reterr);
        run.attach = attach_free(run.attach);
        event_loop_unref(run.event);
        (void) signal(SIGPIPE, pipe_handler);
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        if (r < 0)
                return r;
        if (tty)
                fprintf(stderr, run.end == ATTACH_END_PEER ? "\nConnection to machine %s terminated.\n" : "\nDetached from machine %s.\n",
                        machine);
        *ret = run.end;
        return 0;
}
