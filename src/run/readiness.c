/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readiness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "console-text.h"
#include "detach.h"
#include "freeze-server.h"
#include "libsystemd.h"
#include "log.h"
#include "pidfd.h"
#include "ready-helper.h"
#include "ready-look.h"
#include "supervisor.h"

/* Edges where the kernel has some: a datagram, output on a terminal, the end of a helper. The default condition, a sign of life, is
 * looked for by the clock here, for procfs makes nobody wait; what a guest could stretch is looked for by helpers.
 *
 * An init that shows no life may have its reasons: under `auto` it counts as running all the same after SILENT_USEC. */

#define SILENT_USEC (5 * UINT64_C(1000000))
#define HELPER_RETRY_USEC (1 * UINT64_C(1000000))
#define LAST_WORDS_MAX 350   /* bytes of a console's last lines, in an error */
#define TAIL_MAX (8 * 1024)

/* One condition that is waited for. */
typedef struct Watch {
        Readiness *readiness;
        const ReadyCondition *condition;
        bool held;
        int helper; /* pidfd, or -1 */
        ConsoleSearch *search;
        EventSource *source; /* the helper's end, or a timer */
} Watch;

struct Readiness {
        Supervisor *supervisor;
        uint64_t began; /* CLOCK_MONOTONIC µs */
        EventSource *wait_timer;
        Watch watches[READY_CONDITIONS_MAX];
        size_t n;
};

static void watch_end(Watch *w) {
        siginfo_t info;

        w->source = event_source_free(w->source);
        w->search = console_search_free(w->search);
        if (w->helper >= 0) {
                (void) pidfd_kill(w->helper, SIGKILL);
                (void) pidfd_wait(w->helper, &info);
                w->helper = close_fd(w->helper);
        }
}

static void unwatch_terminals(Supervisor *s) {
        for (size_t i = 0; i < s->n_terminals; i++)
                terminal_watch(s->terminals[i], NULL, NULL);
}

void readiness_end(Supervisor *s) {
        Readiness *r = s->readiness;

        if (!r)
                return;
        unwatch_terminals(s);
        r->wait_timer = event_source_free(r->wait_timer);
        for (size_t i = 0; i < r->n; i++)
                watch_end(&r->watches[i]);
        free(r);
        s->readiness = NULL;
}

/* Whoever waits for the start goes on. */
static void set_up(Supervisor *s) {
        if (s->up)
                return;
        s->up = true;
        turn_end(s);
        (void) sd_notifyf(0, "READY=1\nSTATUS=Machine %s %s%s", s->plan->name,
                          s->record->ready ? "is running" : "still boots: waiting for ", s->record->ready ? "" : s->record->waiting_for);
        detach_report_ready(&s->report_fd);
}

/* "port tcp:80, file /run/x": what has not held yet. */
static int describe(const Readiness *r, char **ret) {
        _cleanup_strv_ char **open = NULL;

        for (size_t i = 0; i < r->n; i++)
                if (!r->watches[i].held && strv_append(&open, r->watches[i].condition->description) < 0)
                        return -ENOMEM;
        free(*ret);
        *ret = strv_join(open, ", ");
        return *ret ? 0 : -ENOMEM;
}

static bool all_held(const Readiness *r) {
        for (size_t i = 0; i < r->n; i++)
                if (!r->watches[i].held)
                        return false;
        return true;
}

static void set_ready(MachineRecord *rec) {
        rec->ready = true;
        rec->ready_usec = clock_usec(CLOCK_REALTIME);
        rec->start_waits_no_more = false;
        free(rec->waiting_for);
        rec->waiting_for = NULL;
}

static void say_what_is_waited_for(const Supervisor *s) {
        if (!s->up)
                (void) sd_notifyf(0, "STATUS=Machine %s: waiting for %s", s->plan->name, s->record->waiting_for);
}

/* A condition holds. Not while the machine ends: what is then seen of it is not its start. */
static void held(Watch *w) {
        Readiness *r = w->readiness;
        Supervisor *s = r->supervisor;

        if (w->held || s->stop.asked)
                return;
        w->held = true;
        watch_end(w);
        if (!all_held(r)) {
                if (describe(r, &s->record->waiting_for) >= 0) {
                        (void) supervisor_save_record(s, NULL);
                        say_what_is_waited_for(s);
                }
                return;
        }
        set_ready(s->record);
        (void) supervisor_save_state(s, MACHINE_RUNNING, NULL);
        if (s->up)
                (void) sd_notifyf(0, "STATUS=Machine %s is running", s->plan->name);
        set_up(s);
        unwatch_terminals(s);
        r->wait_timer = event_source_free(r->wait_timer);
        health_watch_begin(s);
}

void readiness_notified(Supervisor *s) {
        for (size_t i = 0; s->readiness && i < s->readiness->n; i++) {
                Watch *w = &s->readiness->watches[i];

                /* An init that says more than is asked for is believed, too. */
                if (w->condition->kind == READY_NOTIFY || w->condition->kind == READY_AUTO)
                        held(w);
        }
}

static void on_output(bool console, const char *data, size_t n, void *userdata) {
        Readiness *r = userdata;

        for (size_t i = 0; i < r->n; i++) {
                Watch *w = &r->watches[i];

                if (w->condition->kind == READY_LIFE || w->condition->kind == READY_AUTO)
                        held(w);
                else if (console && w->search && console_search_feed(w->search, data, n))
                        held(w);
        }
}

static int on_life_timer(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Watch *w = userdata;
        const Readiness *r = w->readiness;
        uint64_t elapsed = clock_usec(CLOCK_MONOTONIC) - r->began;
        bool silent = w->condition->kind == READY_AUTO && elapsed >= SILENT_USEC;

        if (look_for_child(r->supervisor->leader)) {
                held(w);
                return 0;
        }
        if (silent && freeze_postpones(r->supervisor, source, r->began + SILENT_USEC))
                return 0;
        if (silent) {
                held(w);
                return 0;
        }
        (void) event_source_set_time_relative(source, ready_pause_usec(elapsed));
        return event_source_set_enabled(source, EVENT_ONESHOT);
}

static int on_delay(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        const Watch *w = userdata;

        if (!freeze_postpones(w->readiness->supervisor, source, w->readiness->began + w->condition->delay_usec))
                held(userdata);
        return 0;
}

static int add_timer(Watch *w, uint64_t usec, EventTimeHandler handler) {
        w->source = event_source_free(w->source);
        return event_add_time_relative(w->readiness->supervisor->event, &w->source, usec, handler, w);
}

static int start_helper(Watch *w, Error **reterr);

static int on_retry(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Watch *w = userdata;

        if (start_helper(w, NULL) < 0)
                return add_timer(w, HELPER_RETRY_USEC, on_retry);
        return 0;
}

/* Any end but a good one is none of the guest's making (somebody killed it, the host is out of memory): another one is started. */
static int on_helper(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Watch *w = userdata;
        siginfo_t info;
        int r;

        /* In this order: another helper may just have inherited the descriptor, with which it would stay in our epoll. */
        w->source = event_source_free(w->source);
        r = pidfd_wait(w->helper, &info);
        w->helper = close_fd(w->helper);
        if (r >= 0 && info.si_code == CLD_EXITED && info.si_status == 0) {
                held(w);
                return 0;
        }
        return add_timer(w, HELPER_RETRY_USEC, on_retry);
}

static int start_helper(Watch *w, Error **reterr) {
        const Supervisor *s = w->readiness->supervisor;
        ReadyHelper h = { .condition = w->condition, .machine = s->plan->name, .leader = s->leader, .leader_fd = s->leader_fd };
        int r;

        if (!plan_makes_network(s->plan))
                h.users = (ReadyUsers){ s->plan->uid_base, s->plan->uid_range };
        w->source = event_source_free(w->source);
        w->helper = ready_helper_start(&h, reterr);
        if (w->helper < 0)
                return w->helper;
        r = event_add_io(s->event, &w->source, w->helper, EPOLLIN, on_helper, w);
        return r < 0 ? error_errno(reterr, r, "Cannot wait for %s", w->condition->description) : 0;
}

static int start_watch(Watch *w, Error **reterr) {
        int r = 0;

        switch (w->condition->kind) {
        case READY_EXEC: /* a plan has none */
        case READY_NOTIFY:
                return 0;
        case READY_AUTO:
        case READY_LIFE:
                r = add_timer(w, 0, on_life_timer);
                break;
        case READY_DELAY:
                r = add_timer(w, w->condition->delay_usec, on_delay);
                break;
        case READY_CONSOLE:
                return console_search_new(w->condition->pattern, &w->search, reterr);
        case READY_FILE:
        case READY_PORT:
        case READY_COMMAND:
                return start_helper(w, reterr);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot wait for %s", w->condition->description) : 0;
}

/* They have waited for long enough. The machine goes on. */
static int on_wait_over(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        if (freeze_postpones(s, source, s->readiness->began + s->plan->ready_wait_usec))
                return 0;
        s->record->start_waits_no_more = true;
        (void) supervisor_save_record(s, NULL);
        set_up(s);
        return 0;
}

int readiness_begin(Supervisor *s, Error **reterr) {
        const MachinePlan *p = s->plan;
        Readiness *r;

        if (p->n_ready == 0) {
                set_ready(s->record);
                return supervisor_save_state(s, MACHINE_RUNNING, reterr);
        }
        r = s->readiness = calloc(1, sizeof(*r));
        if (!r)
                return error_oom(reterr);
        *r = (Readiness){ .supervisor = s, .began = clock_usec(CLOCK_MONOTONIC), .n = p->n_ready };
        for (size_t i = 0; i < r->n; i++)
                r->watches[i] = (Watch){ .readiness = r, .condition = &p->ready[i], .helper = -1 };
        if (describe(r, &s->record->waiting_for) < 0)
                return error_oom(reterr);
        return supervisor_save_state(s, MACHINE_BOOTING, reterr);
}

int readiness_watch(Supervisor *s, Error **reterr) {
        Readiness *r = s->readiness;
        int k = 0;

        if (!r) {
                set_up(s);
                return 0;
        }
        say_what_is_waited_for(s);
        for (size_t i = 0; i < r->n && k >= 0; i++)
                k = start_watch(&r->watches[i], reterr);
        if (k < 0)
                return k;
        for (size_t i = 0; i < s->n_terminals; i++)
                terminal_watch(s->terminals[i], on_output, r);
        if (s->plan->ready_wait_usec < DURATION_INFINITY)
                k = event_add_time_relative(s->event, &r->wait_timer, s->plan->ready_wait_usec, on_wait_over, s);
        return k < 0 ? error_errno(reterr, k, "Cannot wait for the machine") : 0;
}

int readiness_ended(Supervisor *s, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        char tail[TAIL_MAX], words[LAST_WORDS_MAX] = "";

        bool awaited = s->report_fd >= 0 || (s->unit && getenv("NOTIFY_SOCKET"));

        if (s->up || s->reboot || !awaited)
                return 0;
        error_set(&error, ECHILD, "Machine '%s' ended with status %d before it was up (it waited for %s)", s->plan->name, s->exit_status,
                  s->record->waiting_for ?: "nothing");
        if (s->n_terminals > 0) {
                terminal_drain(s->terminals[0]);
                console_last_lines(tail, terminal_tail(s->terminals[0], tail, sizeof(tail)), words, sizeof(words));
        }
        if (words[0])
                error_hint(&error, -ECHILD, "Its console ended: %s", words);
        if (!s->stop.asked)
                return error_pass(reterr, -ECHILD, &error);
        detach_report_failure(&s->report_fd, -ECHILD, error); /* it was asked to: no failure of ours */
        return 0;
}
