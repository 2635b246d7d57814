/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "supervisor-stop.h"

#include <inttypes.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "clock.h"
#include "guest.h"
#include "log.h"
#include "machine-stop.h"
#include "pidfd.h"

#define RETRY_USEC (50 * 1000)
#define STOP_MARGIN_USEC (15 * UINT64_C(1000000)) /* to kill, and to clear up */

static StopTarget target(const Supervisor *s) {
        return (StopTarget){ .name = s->plan->name, .leader = s->leader, .leader_fd = s->leader_fd,
                             .runs_command = s->plan->mode == START_RUN, .kill_signal = s->plan->kill_signal };
}

/* Init is told when it can hear it; from then on it has its time; then it is over. */
static void step(Supervisor *s) {
        _cleanup_(error_freep) Error *error = NULL;
        StopTarget t = target(s);
        uint64_t next;
        int r;

        if (s->leader_fd < 0)
                return;
        if (clock_usec(CLOCK_MONOTONIC) >= s->stop_deadline) {
                log_warning("The machine '%s' has not ended in time: killing it", s->plan->name);
                s->timed_out = true;
                (void) pidfd_kill(s->leader_fd, SIGKILL);
                return;
        }
        if (!s->stop_sent) {
                r = machine_stop_try(&t, s->stop_action, &error);
                s->stop_sent = r >= 0 || r == -ESRCH;
                if (r < 0 && r != -EAGAIN && r != -ESRCH) {
                        log_report(LOG_LEVEL_WARNING, r, error);
                        s->stop_sent = true; /* the deadline is what is left */
                }
        }
        next = s->stop_sent ? s->stop_deadline : clock_usec(CLOCK_MONOTONIC) + RETRY_USEC;
        (void) sd_event_source_set_time(s->stop_timer, next);
        (void) sd_event_source_set_enabled(s->stop_timer, SD_EVENT_ONESHOT);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t usec, void *userdata) {
        step(userdata);
        return 0;
}

void supervisor_stop(Supervisor *s, InitAction action) {
        if (!s->launched) { /* a reboot is what it is about to do anyway */
                s->stopping = s->stopping || action != INIT_REBOOT;
                s->stop_action = action != INIT_REBOOT ? action : s->stop_action;
                return;
        }
        if (s->leader_fd < 0 || (s->stopping && s->stop_action == action && action != INIT_KILL))
                return;
        s->stopping = true;
        s->stop_action = action;
        s->stop_sent = false;
        if (action == INIT_KILL) {
                (void) pidfd_kill(s->leader_fd, SIGKILL);
                return;
        }
        (void) supervisor_save_record(s, "stopping", NULL);
        /* Where our unit gives less time than the machine's settings, ask for as much. */
        (void) sd_notifyf(0, "STATUS=Machine %s is stopping\nEXTEND_TIMEOUT_USEC=%" PRIu64, s->plan->name,
                          s->plan->stop_timeout_usec < UINT64_MAX - STOP_MARGIN_USEC ? s->plan->stop_timeout_usec + STOP_MARGIN_USEC : UINT64_MAX);
        s->stop_deadline = clock_deadline(s->plan->stop_timeout_usec);
        if (!s->stop_timer && sd_event_add_time(s->event, &s->stop_timer, CLOCK_MONOTONIC, 0, 0, on_timer, s) < 0) {
                (void) pidfd_kill(s->leader_fd, SIGKILL);
                return;
        }
        step(s);
}

void stop_forward_signal(Supervisor *s, int sig) {
        _cleanup_(guest_done) Guest g = {};

        if (!s->launched) {
                s->stopping = true;
                s->killed_for = sig;
        }
        if (!s->launched || s->leader_fd < 0)
                return;
        if (guest_open(&g, s->plan->name, s->leader, s->leader_fd, NULL) >= 0 && init_can_take(&g, sig)) {
                (void) pidfd_kill(s->leader_fd, sig);
                return;
        }
        s->killed_for = sig;
        (void) pidfd_kill(s->leader_fd, SIGKILL);
}
