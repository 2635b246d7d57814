/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "exit-status.h"
#include "health.h"
#include "host-watch.h"
#include "log.h"
#include "machine.h"
#include "name.h"
#include "seal.h"
#include "values.h"
#include "verb-list.h"

/* nbox wait: until machines are as they are wanted, through reboots, and also of machines that are yet to come. What is waited for is told by
 * what happens (host-watch.h), so nobody looks at a clock. */

enum { OPT_FOR = 256, OPT_TIMEOUT, OPT_ANY };

const VerbOption wait_options[] = {
        { { .name = "for", .placeholder = "ready|stopped|healthy|frozen|thawed" }, OPT_FOR, "What is waited for (default: ready)" },
        { { .name = "timeout", .letter = 't', .placeholder = "SECONDS" }, OPT_TIMEOUT, "How long; then the exit status is 124" },
        { { .name = "any" }, OPT_ANY, "Until the first of them is" },
        {},
};

typedef enum Goal {
        GOAL_READY,
        GOAL_STOPPED,
        GOAL_HEALTHY,
        GOAL_FROZEN,
        GOAL_THAWED,
} Goal;

static const char *const goal_words[] = { "ready", "stopped", "healthy", "frozen", "thawed" };

static bool is_of_start(Goal g) {
        return g == GOAL_READY || g == GOAL_HEALTHY;
}

typedef enum Standing {
        STANDING_OPEN,
        STANDING_REACHED,
        STANDING_HOPELESS, /* it ended */
} Standing;

typedef struct Wait Wait;

/* One of the machines. */
typedef struct Waited {
        Wait *wait;
        const char *name;
        Standing standing;
        bool is_of_now;  /* this life counts: it has begun since, or was under way and not about to end */
        HealthAsking check;
        EventSource *checked;
} Waited;

struct Wait {
        EventLoop *loop;
        HostWatch *watch;
        Goal goal;
        bool any;
        Waited *machines;
        size_t n;
        Error *failure; /* why it cannot go on */
};

static bool is_over(const Wait *w, int *ret_status) {
        size_t reached = 0, hopeless = 0;

        for (size_t i = 0; i < w->n; i++) {
                reached += w->machines[i].standing == STANDING_REACHED;
                hopeless += w->machines[i].standing == STANDING_HOPELESS;
        }
        *ret_status = w->any ? reached == 0 : hopeless > 0;
        return w->any ? reached > 0 || hopeless == w->n : hopeless > 0 || reached == w->n;
}

static int settle(Waited *m, Standing standing) {
        int status;

        m->standing = standing;
        return is_over(m->wait, &status) ? event_exit(m->wait->loop, status) : 0;
}

/* ---- healthy ---- */

static void end_check(Waited *m) {
        char words[HEALTH_WORDS_MAX];

        if (!m->checked)
                return;
        m->checked = event_source_free(m->checked);
        (void) health_end(&m->check, words);
}

static int on_checked(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        char words[HEALTH_WORDS_MAX];
        HealthVerdict verdict;
        Waited *m = userdata;

        m->checked = event_source_free(m->checked);
        verdict = health_end(&m->check, words);
        if (verdict != HEALTH_BAD)
                return settle(m, STANDING_REACHED);
        log_error("The machine '%s' is ready, but not healthy: its init says '%s'", m->name, *words ? words : "no");
        return settle(m, STANDING_HOPELESS);
}

/* To ask inside, we enter: as exec. */
static int may_not_ask(Waited *m) {
        error_set(&m->wait->failure, EPERM, "nbox wait --for=healthy needs root, to ask the init of '%s', which has no checks in its settings", m->name);
        error_hint(&m->wait->failure, -EPERM, "--for=ready does not.");
        return event_exit(m->wait->loop, -EPERM);
}

static int is_unhealthy(Waited *m, const HostEvent *e) {
        const char *action = host_event_word(e, "action"), *check = host_event_word(e, "check"), *reason = host_event_word(e, "reason");

        if (m->wait->goal != GOAL_HEALTHY || (action && strcmp(action, "restart") == 0))
                return 0;
        log_error("The machine '%s' is ready, but not healthy: %s: %s", m->name, check ?: "its checks", reason ?: "no");
        return settle(m, STANDING_HOPELESS);
}

/* One with checks in its settings tells by itself; what it was before anybody waited may be about to be mended. */
static int check_health(Waited *m) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (m->checked)
                return 0;
        if (machine_open(m->name, &machine, NULL) < 0 || machine->record->frozen)
                return 0; /* its end is about to be said; or it is no machine of nbox's, and cannot be asked; or it stands still */
        if (machine->record->health != HEALTH_STATE_NONE)
                return machine->record->health == HEALTH_STATE_HEALTHY ? settle(m, STANDING_REACHED) : 0;
        if (geteuid() != 0)
                return may_not_ask(m);
        r = health_begin(machine, &m->check, &error);
        if (r >= 0 && m->check.pidfd < 0)
                return settle(m, STANDING_REACHED);
        if (r >= 0)
                r = event_add_io(m->wait->loop, &m->checked, m->check.pidfd, EPOLLIN, on_checked, m);
        if (r >= 0)
                return 0;
        log_report(LOG_LEVEL_ERROR, r, error);
        return settle(m, STANDING_HOPELESS);
}

static int is_ready(Waited *m) {
        return m->wait->goal == GOAL_HEALTHY ? check_health(m) : settle(m, STANDING_REACHED);
}

/* ---- what happens ---- */

static int has_ended(Waited *m, const HostEvent *e) {
        const char *reason = host_event_word(e, "reason"), *status = host_event_word(e, "status");

        end_check(m);
        if (m->wait->goal == GOAL_STOPPED)
                return settle(m, STANDING_REACHED);
        if (!m->is_of_now && e->kind != EVENT_FAILED)
                return 0;
        if (e->kind == EVENT_FAILED)
                log_error("The machine '%s' could not be started: %s", m->name, reason ?: "its log says why");
        else
                log_error("The machine '%s' ended before it was %s%s%s%s%s", m->name, goal_words[m->wait->goal], reason ? ": " : "",
                          reason ?: "", status ? ", status " : "", status ?: "");
        return settle(m, STANDING_HOPELESS);
}

/* How it is without anything happening. */
static int look(Waited *m) {
        _cleanup_(machine_freep) Machine *machine = NULL;
        bool is_there = host_watch_has_machine(m->wait->watch, m->name), is_other = host_watch_has_other(m->wait->watch, m->name);

        if (m->wait->goal == GOAL_STOPPED)
                return is_there || is_other ? 0 : settle(m, STANDING_REACHED);
        if (is_other && is_of_start(m->wait->goal)) {
                m->is_of_now = true;
                return settle(m, STANDING_REACHED);
        }
        if (!is_there)
                return 0;
        if (machine_open(m->name, &machine, NULL) < 0) {
                m->is_of_now = host_watch_reboots(m->wait->watch, m->name);
                return 0;
        }
        m->is_of_now = machine->state != MACHINE_STOPPING;
        if (m->wait->goal == GOAL_FROZEN || m->wait->goal == GOAL_THAWED)
                return machine->record->frozen == (m->wait->goal == GOAL_FROZEN) ? settle(m, STANDING_REACHED) : 0;
        return machine->state == MACHINE_RUNNING && machine->record->ready ? is_ready(m) : 0;
}

static int hear(Waited *m, const HostEvent *e) {
        switch (e->kind) {
        case EVENT_STARTING:
                m->is_of_now = true;
                return 0;
        case EVENT_READY:
                m->is_of_now = true;
                return is_of_start(m->wait->goal) ? is_ready(m) : 0;
        case EVENT_FROZEN:
        case EVENT_THAWED:
                return look(m);
        case EVENT_HEALTHY:
                return m->wait->goal == GOAL_HEALTHY ? settle(m, STANDING_REACHED) : 0;
        case EVENT_UNHEALTHY:
                return is_unhealthy(m, e);
        case EVENT_REBOOTING:
                end_check(m);
                return 0;
        case EVENT_STOPPED:
        case EVENT_FAILED:
                return has_ended(m, e);
        default:
                return 0;
        }
}

static int on_event(const HostEvent *e, void *userdata) {
        Wait *w = userdata;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < w->n; i++) {
                Waited *m = w->machines + i;

                if (m->standing != STANDING_OPEN)
                        continue;
                if (e->kind == EVENT_OVERFLOW)
                        r = look(m);
                else if (strcmp(event_kind_subject(e->kind), "machine") == 0 && strcmp(e->subject, m->name) == 0)
                        r = hear(m, e);
        }
        return r;
}

static void say_what_is_missing(const Waited *m) {
        _cleanup_(record_freep) MachineRecord *rec = NULL;
        const char *missing = NULL;

        if (m->standing != STANDING_OPEN)
                return;
        if (m->wait->goal == GOAL_STOPPED)
                log_error("The machine '%s' has not stopped in time", m->name);
        else if (record_load(m->name, &rec, NULL) < 0)
                log_error("The machine '%s' has not been started in time", m->name);
        else {
                missing = rec->waiting_for ?: rec->health_check;
                log_error("The machine '%s' is not %s in time%s%s", m->name, goal_words[m->wait->goal], missing ? ": it waits for " : "", missing ?: "");
        }
}

static int on_timeout(EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Wait *w = userdata;

        for (size_t i = 0; i < w->n; i++)
                say_what_is_missing(w->machines + i);
        return event_exit(event_source_loop(source), EXIT_TIMED_OUT);
}

/* ---- the verb ---- */

static int parse_goal(Wait *w, const char *word, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(goal_words); i++)
                if (strcmp(word, goal_words[i]) == 0) {
                        w->goal = (Goal) i;
                        return 0;
                }
        return error_set(reterr, EINVAL, "--for= takes ready, stopped, healthy, frozen or thawed, not '%s'", word);
}

static int parse_options(Wait *w, uint64_t *ret_timeout, VerbArgs *args, Error **reterr) {
        int option, r = 0;

        while (r >= 0 && (option = verb_next(args, reterr)) != 0) {
                if (option < 0)
                        return option;
                if (option == OPT_FOR)
                        r = parse_goal(w, args->value, reterr);
                else if (option == OPT_ANY)
                        w->any = true;
                else if (parse_duration(args->value, ret_timeout) < 0)
                        r = error_set(reterr, EINVAL, "--timeout= takes a time, as 30 or 1min, not '%s'", args->value);
        }
        if (r >= 0)
                r = verb_check_operands(args, 1, -1, reterr);
        for (int i = 0; r >= 0 && i < args->n_operands; i++)
                r = machine_name_check(args->operands[i], reterr);
        return r;
}

/* To ask inside, we enter: from a sealed copy. */
static int prepare(const Wait *w, Error **reterr) {
        return w->goal == GOAL_HEALTHY && geteuid() == 0 ? seal_self(reterr) : 0;
}

static int run(Wait *w, uint64_t timeout, Error **reterr) {
        int r = event_loop_new(&w->loop);

        if (r >= 0 && timeout < DURATION_INFINITY)
                r = event_add_time_relative(w->loop, NULL, timeout, on_timeout, w);
        if (r < 0)
                return error_errno(reterr, r, "Cannot wait");
        r = host_watch_new(w->loop, HOST_WATCH_OTHERS, on_event, w, &w->watch, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < w->n; i++)
                r = look(w->machines + i);
        if (r >= 0)
                r = event_loop(w->loop);
        if (r < 0 && w->failure)
                return error_pass(reterr, r, &w->failure);
        return r < 0 ? error_errno(reterr, r, "Cannot go on waiting") : r;
}

static void wait_done(Wait *w) {
        for (size_t i = 0; i < w->n; i++)
                end_check(w->machines + i);
        host_watch_free(w->watch);
        error_free(w->failure);
        free(w->machines);
        event_loop_unref(w->loop);
}

int verb_wait(int argc, char **argv, Error **reterr) {
        _cleanup_(wait_done) Wait w = {};
        VerbArgs args = verb_args(argc, argv);
        uint64_t timeout = DURATION_INFINITY;
        int r;

        r = parse_options(&w, &timeout, &args, reterr);
        if (r >= 0)
                r = prepare(&w, reterr);
        if (r < 0)
                return r;
        w.machines = calloc((size_t) args.n_operands, sizeof(Waited));
        if (!w.machines)
                return error_oom(reterr);
        for (int i = 0; i < args.n_operands; i++)
                w.machines[w.n++] = (Waited){ .wait = &w, .name = args.operands[i], .check = { -1, -1 } };
        return run(&w, timeout, reterr);
}
