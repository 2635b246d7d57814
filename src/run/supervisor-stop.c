/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor-stop.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include "clock.h"
#include "exit-status.h"
#include "freeze-server.h"
#include "freezing.h"
#include "guest.h"
#include "init-look.h"
#include "libsystemd.h"
#include "log.h"
#include "machine-stop.h"
#include "namespace.h"
#include "parse.h"
#include "pidfd.h"

/* The asking is done by a process of its own. It looks into the guest's tree, enters the machine and waits for the guest's programs, and a
 * guest can make each of these last for ever: a file system of its own, a frozen group, a program that never ends. Here only two things
 * are waited for, init's end and the deadline, and nothing that the guest does moves either. The helper is killed with us (its
 * parent-death signal), at the deadline, and when init has ended. */

#define HELPER_END_MSEC 200
#define HELPERS_MAX 3 /* one after the other, where somebody kills them */
#define SHOWN_USEC (10 * UINT64_C(1000000))
#define STOP_MARGIN_USEC (15 * UINT64_C(1000000)) /* to kill, and to clear up */
#define WATCHED_MAX 24 /* machines of a host, of which machinectl's wishes are watched for: kill-watch.c has the price */

static StopTarget target(const Supervisor *s) {
        return (StopTarget){ .name = s->plan->name, .leader = s->leader, .leader_fd = s->leader_fd,
                             .runs_command = s->plan->mode == START_RUN, .init = s->plan->init, .kill_signal = s->plan->kill_signal,
                             .timeout_usec = s->plan->stop_timeout_usec, .quiet = s->plan->quiet };
}

static _Noreturn void help(const Supervisor *s, pid_t supervisor) {
        _cleanup_(error_freep) Error *error = NULL;
        StopTarget t = target(s);
        int r;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor)
                _exit(EXIT_OWN_FAILURE);
        r = machine_stop(&t, s->stop.action, &error);
        if (r < 0)
                log_report(LOG_LEVEL_WARNING, r, error);
        _exit(r >= 0 ? EXIT_SUCCESS : r == -EOPNOTSUPP ? EXIT_FAILURE : EXIT_OWN_FAILURE);
}

static int start_helper(Supervisor *s);

/* What it could not do, it has said. One that was killed, or that something of the host's kept from it, has perhaps done nothing yet: another asks
 * then, and the machine need not wait for its deadline. An init that heeds nothing will not heed another either. */
static int on_helper_end(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Supervisor *s = userdata;
        siginfo_t info;
        int r;

        s->stop.helper_end = event_source_free(s->stop.helper_end);
        r = pidfd_wait(s->stop.helper, &info);
        s->stop.helper = close_fd(s->stop.helper);
        if (r >= 0 && (info.si_code != CLD_EXITED || info.si_status == EXIT_OWN_FAILURE) && s->leader_fd >= 0 && s->stop.helpers < HELPERS_MAX)
                (void) start_helper(s);
        return 0;
}

static int start_helper(Supervisor *s) {
        pid_t us = getpid(), pid = clone_into(0, -1, &s->stop.helper);

        if (pid == 0)
                help(s, us);
        if (pid < 0)
                return pid;
        s->stop.helpers++;
        (void) event_add_io(s->event, &s->stop.helper_end, s->stop.helper, EPOLLIN, on_helper_end, s);
        return 0;
}

void stop_end(Supervisor *s) {
        siginfo_t info;

        s->stop.helper_end = event_source_free(s->stop.helper_end);
        s->stop.timer = event_source_free(s->stop.timer);
        s->stop.shown = event_source_free(s->stop.shown);
        s->stop.kill_watch = kill_watch_free(s->stop.kill_watch);
        if (s->stop.helper < 0)
                return;
        /* It sees for itself that there is nobody left to ask, and has perhaps something to say of how it did. */
        if (poll(&(struct pollfd){ .fd = s->stop.helper, .events = POLLIN }, 1, HELPER_END_MSEC) <= 0)
                (void) pidfd_kill(s->stop.helper, SIGKILL);
        (void) pidfd_wait(s->stop.helper, &info);
        s->stop.helper = close_fd(s->stop.helper);
}

static int on_deadline(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        if (s->leader_fd < 0)
                return 0;
        log_warning("The machine '%s' has not ended within %" PRIu64 " s: killing it", s->plan->name, s->plan->stop_timeout_usec / 1000000);
        s->stop.timed_out = true;
        (void) pidfd_kill(s->leader_fd, SIGKILL);
        return 0;
}

/* Where our unit gives less time than the machine's settings, ask for as much. */
static void tell_manager(const Supervisor *s) {
        uint64_t usec = s->plan->stop_timeout_usec;

        (void) sd_notifyf(0, "STATUS=Machine %s is stopping\nEXTEND_TIMEOUT_USEC=%" PRIu64, s->plan->name,
                          usec < UINT64_MAX - STOP_MARGIN_USEC ? usec + STOP_MARGIN_USEC : UINT64_MAX);
}

/* On the terminal that is the guest's console just now: seldom, and in lines of their own, for the guest writes there too. */
static int on_shown(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;
        uint64_t seconds = (clock_usec(CLOCK_MONOTONIC) - s->stop.began) / 1000000, limit = s->plan->stop_timeout_usec / 1000000;

        if (s->plan->stop_timeout_usec < DURATION_INFINITY)
                log_info("Waiting for '%s' to %s, %" PRIu64 " s of %" PRIu64 " s; ^] three times kills it", s->plan->name,
                         init_action_to_phrase(s->stop.action), seconds, limit);
        else
                log_info("Waiting for '%s' to %s, %" PRIu64 " s; ^] three times kills it", s->plan->name,
                         init_action_to_phrase(s->stop.action), seconds);
        (void) event_source_set_time_relative(source, SHOWN_USEC);
        return event_source_set_enabled(source, EVENT_ONESHOT);
}

static void show_waiting(Supervisor *s) {
        if (s->attach && isatty(STDERR_FILENO) && !s->plan->quiet)
                (void) event_add_time_relative(s->event, &s->stop.shown, SHOWN_USEC, on_shown, s);
}

static int stop_again(Supervisor *s, InitAction action) {
        if (s->stop.action == INIT_REBOOT && action != INIT_REBOOT)
                s->stop.action = action; /* it goes down in any case: what matters is that it does not come back */
        return s->stop.action == INIT_REBOOT || action != INIT_REBOOT ? 1 : -EBUSY;
}

/* Before init runs: a reboot is what it is about to do anyway; who waits for one has only this life to wait for. */
static int stop_before_start(Supervisor *s, InitAction action) {
        if (action == INIT_REBOOT)
                return s->stop.asked ? -EBUSY : SUPERVISOR_STARTS;
        s->stop.asked = true;
        s->stop.action = action;
        return 0;
}

int supervisor_stop(Supervisor *s, InitAction action) {
        uint64_t deadline;

        if (!s->launched)
                return stop_before_start(s, action);
        if (s->leader_fd < 0)
                return 1;
        freezing_end(s);
        freeze_release(s);
        if (s->stop.asked && s->stop.action != INIT_KILL && action != INIT_KILL)
                return stop_again(s, action);
        s->stop.asked = true;
        s->stop.action = action;
        health_watch_pause(s);
        if (action == INIT_KILL) {
                (void) pidfd_kill(s->leader_fd, SIGKILL);
                return 0;
        }
        s->stop.began = clock_usec(CLOCK_MONOTONIC);
        deadline = clock_deadline(s->plan->stop_timeout_usec);
        (void) supervisor_save_state(s, MACHINE_STOPPING, NULL);
        tell_manager(s);
        show_waiting(s);
        s->stop.helpers = 0;
        if (start_helper(s) < 0 ||
            (deadline != UINT64_MAX &&
             event_add_time(s->event, &s->stop.timer, deadline, on_deadline, s) < 0))
                (void) pidfd_kill(s->leader_fd, SIGKILL);
        return 0;
}

/* Whether this init does by itself what the signal that it has been sent means to systemd. What is not known is left to itself where
 * it has a handler. */
static bool understands(const Supervisor *s, int sig, InitAction action) {
        _cleanup_(guest_done) Guest g = {};
        InitKind kind;

        if (guest_open(&g, s->plan->name, s->leader, s->leader_fd, NULL) < 0)
                return true; /* it has ended */
        kind = init_identify(&g, s->plan->init);
        return kind == INIT_SYSTEMD ||
                ((init_signal(kind, action) == sig || init_traits(kind)->ready_by_signals) && init_can_take(&g, sig));
}

static void on_machinectl(int sig, void *userdata) {
        char text[SIGNAL_TEXT_MAX];
        Supervisor *s = userdata;
        InitAction action;

        if (s->leader_fd < 0 || init_action_of_signal(sig, &action) < 0 || understands(s, sig, action))
                return;
        log_line(s->plan->quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                 "Machine '%s': systemd-machined has sent its init %s, which is systemd's for %s", s->plan->name,
                 signal_to_text(sig, text), init_action_to_string(action));
        (void) supervisor_stop(s, action);
}

void stop_watch_machinectl(Supervisor *s) {
        _cleanup_(error_freep) Error *error = NULL;

        s->stop.kill_watch = kill_watch_free(s->stop.kill_watch); /* of a bus that is gone */
        if (!s->registered || s->plan->mode != START_BOOT || s->plan->init.kind == INIT_SYSTEMD)
                return;
        if (record_count() > WATCHED_MAX) {
                log_debug("Many machines run here, so the bus is not watched: machinectl poweroff and reboot are systemd's signals to '%s'",
                          s->plan->name);
                return;
        }
        if (kill_watch_new(s->event, s->plan->name, on_machinectl, s, &s->stop.kill_watch, &error) < 0)
                log_debug("%s, ignoring: machinectl poweroff and reboot are systemd's signals to '%s'",
                          error ? error->message : "No memory", s->plan->name);
}

void stop_forward_signal(Supervisor *s, int sig) {
        _cleanup_(guest_done) Guest g = {};

        if (!s->launched) {
                s->stop.asked = true;
                s->stop.killed_for = sig;
        }
        if (!s->launched || s->leader_fd < 0)
                return;
        if (guest_open(&g, s->plan->name, s->leader, s->leader_fd, NULL) >= 0 && init_can_take(&g, sig)) {
                (void) pidfd_kill(s->leader_fd, sig);
                return;
        }
        s->stop.killed_for = sig;
        (void) pidfd_kill(s->leader_fd, SIGKILL);
}
