/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health-watch.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cgroup.h"
#include "clock.h"
#include "event-log.h"
#include "health-helper.h"
#include "libsystemd.h"
#include "log.h"
#include "pidfd.h"
#include "supervisor.h"
#include "text.h"

/* A process that asks keeps to the time-out by itself, and says which check it was at; what is killed here hangs in something of the guest's that
 * even a dying process waits for. Until it is gone no other is started, and each round fails. */

#define SECOND UINT64_C(1000000)
#define START_PACE_USEC (5 * SECOND) /* between rounds, until one is good or the start's time is over */
#define FIRST_USEC SECOND            /* the first one comes within that time */
#define LATE_USEC (2 * SECOND)       /* for the process to see itself that its time is over */
#define STEADY_USEC (600 * SECOND)   /* a restart has helped that has kept it healthy for so long */
#define RESTARTS_MAX 5

struct HealthWatch {
        Supervisor *supervisor;
        EventSource *timer; /* the next round; while one is under way, its end */
        EventSource *ended; /* the process's */
        int helper, answer;     /* pidfd, pipe; or -1 */
        bool late;              /* its round has been counted without it */
        uint64_t start_ends;    /* CLOCK_MONOTONIC */
        uint64_t healthy_since; /* likewise; 0: it is not */
};

static bool is_starting(const HealthWatch *w) {
        return w->supervisor->record->health == HEALTH_STATE_STARTING && clock_usec(CLOCK_MONOTONIC) < w->start_ends;
}

/* ---- what comes of a round ---- */

static void tell(const Supervisor *s, EventKind kind, HealthAction action) {
        const MachineRecord *rec = s->record;
        char failures[16];

        snprintf(failures, sizeof(failures), "%u", rec->health_failures);
        if (kind == EVENT_HEALTHY)
                event_log(kind, rec->name, NULL);
        else
                event_log(kind, rec->name, "check", rec->health_check, "reason", rec->health_words, "failures", failures, "action",
                          enum_to_string(health_action_names, (int) action), NULL);
}

/* Of restarts there are not too many in a row. */
static HealthAction choose_action(HealthWatch *w) {
        Supervisor *s = w->supervisor;
        HealthAction action = s->plan->health_on_failure;

        if (action != HEALTH_ACTION_RESTART)
                return action;
        if (w->healthy_since > 0 && clock_usec(CLOCK_MONOTONIC) - w->healthy_since >= STEADY_USEC)
                s->record->health_restarts = 0;
        if (s->record->health_restarts < RESTARTS_MAX) {
                s->record->health_restarts++;
                return action;
        }
        log_warning("Machine '%s' is left as it is: %u restarts in a row have not kept it healthy", s->plan->name, s->record->health_restarts);
        return HEALTH_ACTION_NONE;
}

static void act(Supervisor *s, HealthAction action) {
        static const InitAction asked[] = {
                [HEALTH_ACTION_RESTART] = INIT_REBOOT, [HEALTH_ACTION_STOP] = INIT_POWEROFF, [HEALTH_ACTION_KILL] = INIT_KILL,
        };

        if (action == HEALTH_ACTION_NONE || s->stop.asked)
                return;
        s->stop.for_health = true;
        (void) supervisor_stop(s, asked[action]);
}

static void become_healthy(HealthWatch *w) {
        Supervisor *s = w->supervisor;
        MachineRecord *rec = s->record;
        bool was_ill = rec->health == HEALTH_STATE_UNHEALTHY;

        rec->health = HEALTH_STATE_HEALTHY;
        rec->health_usec = clock_usec(CLOCK_REALTIME);
        w->healthy_since = clock_usec(CLOCK_MONOTONIC);
        (void) supervisor_save_record(s, NULL);
        tell(s, EVENT_HEALTHY, HEALTH_ACTION_NONE);
        log_line(was_ill && !s->plan->quiet ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "Machine '%s' is healthy%s", s->plan->name, was_ill ? " again" : "");
        if (was_ill)
                (void) sd_notifyf(0, "STATUS=Machine %s is running", s->plan->name);
}

static void become_unhealthy(HealthWatch *w) {
        static const char *const remarks[] = { [HEALTH_ACTION_NONE] = "", [HEALTH_ACTION_RESTART] = ": restarting it", [HEALTH_ACTION_STOP] = ": stopping it",
                                               [HEALTH_ACTION_KILL] = ": killing it" };
        Supervisor *s = w->supervisor;
        MachineRecord *rec = s->record;
        HealthAction action;

        rec->health = HEALTH_STATE_UNHEALTHY;
        rec->health_usec = clock_usec(CLOCK_REALTIME);
        action = choose_action(w);
        w->healthy_since = 0;
        (void) supervisor_save_record(s, NULL);
        tell(s, EVENT_UNHEALTHY, action);
        log_warning("Machine '%s' is unhealthy (%s: %s; %u failure%s in a row)%s", s->plan->name, rec->health_check, rec->health_words,
                    rec->health_failures, rec->health_failures == 1 ? "" : "s", remarks[action]);
        (void) sd_notifyf(0, "STATUS=Machine %s is running, and unhealthy: %s: %s", s->plan->name, rec->health_check, rec->health_words);
        act(s, action);
}

static void round_was_good(HealthWatch *w) {
        MachineRecord *rec = w->supervisor->record;
        bool had_failed = rec->health_check;

        rec->health_failures = 0;
        (void) string_set(&rec->health_check, NULL);
        (void) string_set(&rec->health_words, NULL);
        if (rec->health != HEALTH_STATE_HEALTHY)
                become_healthy(w);
        else if (had_failed)
                (void) supervisor_save_record(w->supervisor, NULL);
}

static void round_was_bad(HealthWatch *w, uint32_t check, const char *words) {
        Supervisor *s = w->supervisor;
        const MachinePlan *p = s->plan;
        MachineRecord *rec = s->record;

        if (string_set(&rec->health_check, p->health[check < p->n_health ? check : 0].text) < 0 ||
            string_set(&rec->health_words, *words ? words : "no") < 0)
                return;
        if (!is_starting(w))
                rec->health_failures++;
        log_debug("Machine '%s': %s: %s, failure %u", p->name, rec->health_check, rec->health_words, rec->health_failures);
        if (rec->health != HEALTH_STATE_UNHEALTHY && rec->health_failures >= p->health_retries)
                become_unhealthy(w);
        else
                (void) supervisor_save_record(s, NULL);
}

/* What has been frozen meanwhile could not answer. */
static bool may_count(const Supervisor *s) {
        return !s->stop.asked && s->leader_fd >= 0 && !(s->cgroup && cgroup_is_frozen(s->cgroup));
}

static void count_round(HealthWatch *w, const HealthMessage *m) {
        if (!may_count(w->supervisor))
                return;
        if (m->answer == ANSWER_GOOD)
                round_was_good(w);
        else if (m->answer == ANSWER_BAD)
                round_was_bad(w, m->check, m->words);
}

/* ---- rounds ---- */

static int on_next(EventSource *source, uint64_t usec, void *userdata);

/* `range` µs at random. */
static uint64_t some(uint64_t range) {
        uint64_t n = 0;

        if (getrandom(&n, sizeof(n), GRND_NONBLOCK) < 0)
                n = clock_usec(CLOCK_MONOTONIC);
        return range > 0 ? n % range : 0;
}

static void set_timer(HealthWatch *w, uint64_t usec, EventTimeHandler handler) {
        w->timer = event_source_free(w->timer);
        if (event_add_time_relative(w->supervisor->event, &w->timer, usec, handler, w) < 0)
                log_warning("Cannot set a timer: the health of machine '%s' is not watched any more", w->supervisor->plan->name);
}

static void set_next(HealthWatch *w, bool soon) {
        uint64_t pace = w->supervisor->plan->health_interval_usec;

        if (w->supervisor->stop.asked)
                return;
        if (pace > START_PACE_USEC && (soon || is_starting(w)))
                pace = START_PACE_USEC;
        set_timer(w, pace - pace / 10 + some(pace / 5), on_next);
}

/* The last that it has said. */
static void read_answer(const HealthWatch *w, HealthMessage *ret) {
        HealthMessage m;

        *ret = (HealthMessage){};
        while (read(w->answer, &m, sizeof(m)) == sizeof(m))
                *ret = m;
        ret->words[sizeof(ret->words) - 1] = 0;
}

static void take_leave(HealthWatch *w) {
        siginfo_t info;

        /* In this order: another process may just have inherited the descriptor, with which it would stay in our epoll. */
        w->ended = event_source_free(w->ended);
        (void) pidfd_wait(w->helper, &info);
        w->helper = close_fd(w->helper);
        w->answer = close_fd(w->answer);
}

/* One without a verdict was killed by somebody, which is none of the guest's doing. */
static int on_ended(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        HealthWatch *w = userdata;
        HealthMessage m;

        read_answer(w, &m);
        take_leave(w);
        if (w->late) {
                w->late = false;
                return 0;
        }
        count_round(w, &m);
        set_next(w, m.answer != ANSWER_GOOD && m.answer != ANSWER_BAD);
        return 0;
}

static int on_late(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        HealthWatch *w = userdata;
        HealthMessage m;

        read_answer(w, &m);
        (void) pidfd_kill(w->helper, SIGKILL);
        w->late = true;
        m.answer = ANSWER_BAD;
        snprintf(m.words, sizeof(m.words), "no answer in time");
        count_round(w, &m);
        set_next(w, false);
        return 0;
}

static int start_round(HealthWatch *w, Error **reterr) {
        Supervisor *s = w->supervisor;
        HealthHelper h = { .plan = s->plan, .record = s->record, .leader = s->leader, .leader_fd = s->leader_fd };
        int r;

        w->helper = health_helper_start(&h, &w->answer, reterr);
        if (w->helper < 0)
                return w->helper;
        r = event_add_io(s->event, &w->ended, w->helper, EPOLLIN, on_ended, w);
        if (r >= 0) {
                set_timer(w, s->plan->health_timeout_usec + LATE_USEC, on_late);
                return 0;
        }
        (void) pidfd_kill(w->helper, SIGKILL);
        take_leave(w);
        return error_errno(reterr, r, "Cannot watch the process that asks for the health of '%s'", s->plan->name);
}

static int on_next(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        _cleanup_(error_freep) Error *error = NULL;
        HealthWatch *w = userdata;
        int r;

        if (w->supervisor->stop.asked)
                return 0;
        if (!may_count(w->supervisor)) {
                if (is_starting(w))
                        w->start_ends = clock_deadline(w->supervisor->plan->health_start_period_usec);
                set_next(w, true);
                return 0;
        }
        if (w->helper >= 0) {
                count_round(w, &(HealthMessage){ .answer = ANSWER_BAD, .words = "who has asked last still waits" });
                set_next(w, false);
                return 0;
        }
        r = start_round(w, &error);
        if (r >= 0)
                return 0;
        log_report(LOG_LEVEL_WARNING, r, error);
        set_next(w, false);
        return 0;
}

/* ---- for the supervisor ---- */

void health_watch_begin(Supervisor *s) {
        const MachinePlan *p = s->plan;
        HealthWatch *w;

        if (p->n_health == 0 || s->health || !s->record->ready || s->stop.asked)
                return;
        w = s->health = calloc(1, sizeof(*w));
        if (!w) {
                log_warning("Out of memory: the health of machine '%s' is not watched", p->name);
                return;
        }
        *w = (HealthWatch){ .supervisor = s, .helper = -1, .answer = -1, .start_ends = clock_deadline(p->health_start_period_usec) };
        s->record->health_usec = clock_usec(CLOCK_REALTIME);
        (void) supervisor_save_record(s, NULL);
        set_timer(w, some(FIRST_USEC), on_next);
}

void health_watch_pause(Supervisor *s) {
        if (!s->health)
                return;
        s->health->timer = event_source_free(s->health->timer);
        if (s->health->helper >= 0)
                (void) pidfd_kill(s->health->helper, SIGKILL);
}

void health_watch_end(Supervisor *s) {
        if (!s->health)
                return;
        health_watch_pause(s);
        if (s->health->helper >= 0)
                take_leave(s->health);
        free(s->health);
        s->health = NULL;
}
