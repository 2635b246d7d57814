/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "clock.h"
#include "control.h"
#include "gc.h"
#include "group-names.h"
#include "log.h"
#include "machine-stop.h"
#include "parse.h"
#include "processes.h"
#include "status-line.h"
#include "stop-by-bus.h"
#include "verb-list.h"

/* poweroff, halt, reboot, terminate: by the supervisor, so that it knows what the end means; where there is none any more,
 * by the same function that it would call. And kill, which asks nobody. */

#define TERMINATE_WAIT_USEC (30 * 1000 * 1000) /* a host that is short of everything kills slowly */
#define SHOW_USEC (1000 * 1000)
#define REBOOT_GAP_USEC (5 * 1000 * 1000) /* in which nobody holds the name */
#define LOOK_AGAIN_USEC (20 * 1000)
#define STARTING_USEC (2 * 1000 * 1000)
#define TOGETHER 256 /* each of them is a descriptor */

#define ALONE 1 /* what a request comes to, besides 0: it is under way */
#define STARTS 2

const VerbOption stop_options[] = {
        { { .name = "wait", .letter = 'w' }, 'w', "Wait until it has ended (reboot: until it is up again)" },
        { { .name = "group", .placeholder = "GROUP" }, 'g', "All machines of that group that run, the last ones first" },
        {},
};

/* 0, or STARTS: it is about to run its init, which is all that a reboot would do. */
static int ask_supervisor(const char *name, InitAction action, Error **reterr) {
        _cleanup_free_ char *answer = NULL;
        char request[32];
        int fd;

        snprintf(request, sizeof(request), "stop %s", init_action_to_string(action));
        fd = control_request(name, request, &answer, reterr);
        if (fd < 0)
                return fd;
        close_fd(fd);
        if (strcmp(answer, "already") == 0)
                log_info("The machine '%s' is stopping already; `nbox terminate %s` ends it now", name, name);
        return strcmp(answer, "starting") == 0 ? STARTS : 0;
}

/* One that has no init just now is asked too, and ends before it starts one; its socket may not be there yet. */
static int ask_while_starting(const Machine *m, InitAction action, Error **reterr) {
        uint64_t end = clock_deadline(STARTING_USEC);

        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = ask_supervisor(m->record->name, action, &error);

                if (r != -ESRCH || m->leader_fd >= 0 || clock_usec(CLOCK_MONOTONIC) >= end)
                        return r < 0 ? error_pass(reterr, r, &error) : r;
                clock_pause(LOOK_AGAIN_USEC);
        }
}

/* ALONE: there is no supervisor, and nobody to clear up but us. Or STARTS. */
static int stop_one(const Machine *m, InitAction action, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        StopTarget target;
        int r;

        r = ask_while_starting(m, action, &error);
        if (r >= 0)
                return r;
        if (m->leader_fd < 0)
                return error_pass(reterr, r, &error);
        if (r != -ESRCH && action != INIT_KILL)
                return error_pass(reterr, r, &error);
        if (r != -ESRCH)
                log_warning("%s; its init is killed without it", error ? error->message : "The supervisor does not answer");
        stop_target_of(m, &target);
        r = machine_stop(&target, action, reterr);
        return r < 0 ? r : ALONE;
}

typedef struct Reboot {
        const Machine *before;
        bool starts; /* as it was asked for, so that there is no life to come but this one */
        bool between; /* it was seen between its two lives: its name is held all the while */
} Reboot;

/* 1 when the machine runs anew, 0 when it is about to, -ESRCH when nothing tells that it will. */
static int runs_anew(Reboot *reboot) {
        _cleanup_(machine_freep) Machine *m = NULL;

        if (machine_find(reboot->before->record->name, &m, NULL) < 0)
                return -ESRCH;
        reboot->between = reboot->between || m->leader_fd < 0 || m->state == MACHINE_CLOSING;
        if (!reboot->starts && m->record->leader_start == reboot->before->record->leader_start)
                return 0;
        return m->state == MACHINE_RUNNING || (m->state == MACHINE_BOOTING && m->record->start_waits_no_more);
}

/* As long as a start would wait for it to be up. A supervisor whose unit keeps nothing for it between two lives (run/lives.c), as one of an
 * older nbox, gives the name up for a moment. */
static int wait_for_reboot(const Machine *m, bool starts, Error **reterr) {
        Reboot reboot = { .before = m, .starts = starts };
        uint64_t seen = clock_usec(CLOCK_MONOTONIC);
        int r;

        while ((r = runs_anew(&reboot)) <= 0) {
                if (r == 0)
                        seen = clock_usec(CLOCK_MONOTONIC);
                else if (reboot.between || clock_usec(CLOCK_MONOTONIC) - seen >= REBOOT_GAP_USEC) {
                        error_set(reterr, ESRCH, "The machine '%s' has ended, and does not run again", m->record->name);
                        return error_hint(reterr, -ESRCH, "Its log may tell why; `nbox boot %s` starts it.", m->record->name);
                }
                clock_pause(LOOK_AGAIN_USEC);
        }
        return 0;
}

/* A reboot of what is about to run its init is that start, and its failure is ours to tell. It takes a moment. */
static int wait_for_init(const char *name, Error **reterr) {
        for (;;) {
                _cleanup_(machine_freep) Machine *m = NULL;

                if (machine_find(name, &m, NULL) < 0 || m->state == MACHINE_CLOSING || m->state == MACHINE_DEAD) {
                        error_set(reterr, ESRCH, "The machine '%s' does not run: its start has failed, or it has ended again", name);
                        return error_hint(reterr, -ESRCH, "Its log may tell why; `nbox boot %s` starts it.", name);
                }
                if (m->state != MACHINE_STARTING && m->state != MACHINE_REBOOTING)
                        return 0;
                clock_pause(LOOK_AGAIN_USEC);
        }
}

typedef struct StopArguments {
        InitAction action;
        bool wait;
} StopArguments;

/* On a terminal, a line that counts. */
static int wait_shown(const Machine *m, InitAction action, Error **reterr) {
        static const char *const doing[] = {
                [INIT_POWEROFF] = "power off", [INIT_HALT] = "halt", [INIT_REBOOT] = "reboot", [INIT_KILL] = "end",
        };
        uint64_t began = clock_usec(CLOCK_MONOTONIC), limit = m->record->stop_timeout_usec;
        StatusLine line = status_line();
        int r;

        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                uint64_t seconds = (clock_usec(CLOCK_MONOTONIC) - began) / 1000000;

                r = machine_wait(m, line.columns > 0 ? SHOW_USEC : UINT64_MAX, &error);
                if (r != -ETIMEDOUT) {
                        status_line_erase(&line);
                        return r < 0 ? error_pass(reterr, r, &error) : 0;
                }
                if (limit < DURATION_INFINITY)
                        status_line_show(&line,
                                         "Waiting for %s to %s, %" PRIu64 " s of %" PRIu64 " s; ^C stops waiting, `nbox terminate %s` ends it now",
                                         m->record->name, doing[action], seconds, limit / 1000000, m->record->name);
                else
                        status_line_show(&line, "Waiting for %s to %s, %" PRIu64 " s; ^C stops waiting, `nbox terminate %s` ends it now",
                                         m->record->name, doing[action], seconds, m->record->name);
        }
}

/* One of those named, from when it was asked until it has ended. */
typedef struct Stopping {
        Machine *m;
        int asked; /* what came of it: 0, STARTS or ALONE */
} Stopping;

/* One that had no init as it was found, and was asked to reboot when it had: it is that one's end which is waited for. */
static int find_asked(Stopping *s, Error **reterr) {
        Machine *m = NULL;
        int r = machine_find(s->m->record->name, &m, reterr);

        if (r < 0)
                return r;
        machine_free(s->m);
        s->m = m;
        return 0;
}

static int begin_stop(const char *name, const StopArguments *a, Stopping *ret, Error **reterr) {
        int r = machine_find(name, &ret->m, reterr);

        if (r >= 0)
                r = geteuid() == 0 ? stop_one(ret->m, a->action, reterr) : stop_by_bus(ret->m, a->action, reterr);
        if (r == 0 && a->action == INIT_REBOOT && ret->m->leader_fd < 0)
                r = find_asked(ret, reterr);
        ret->asked = r;
        return r;
}

static int await_stop(const Stopping *s, const StopArguments *a, Error **reterr) {
        bool next_only = a->action == INIT_REBOOT && (s->asked == STARTS || s->m->leader_fd < 0); /* its supervisor stays */
        int r = 0;

        if (a->wait && !next_only)
                r = wait_shown(s->m, a->action, reterr);
        else if (a->action == INIT_KILL)
                r = machine_wait(s->m, TERMINATE_WAIT_USEC, reterr);
        else if (s->asked == STARTS && !a->wait)
                r = wait_for_init(s->m->record->name, reterr);
        return r >= 0 && a->wait && a->action == INIT_REBOOT ? wait_for_reboot(s->m, next_only, reterr) : r;
}

/* All are asked before the first is waited for: they end at the same time. *ret_alone is set where one of them had no supervisor. 0, or
 * -errno of one that failed; each is said. */
static int stop_some(char *const *names, int n, const StopArguments *a, bool *ret_alone) {
        Stopping stopping[TOGETHER] = {};
        int failed = 0, r;

        for (int i = 0; i < n; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = begin_stop(names[i], a, stopping + i, &error);
                if (r >= 0)
                        continue;
                failed = log_report(LOG_LEVEL_ERROR, r, error);
                machine_free(stopping[i].m);
                stopping[i].m = NULL;
        }
        for (int i = 0; i < n; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (!stopping[i].m)
                        continue;
                r = await_stop(stopping + i, a, &error);
                if (r < 0)
                        failed = log_report(LOG_LEVEL_ERROR, r, error);
                *ret_alone = *ret_alone || stopping[i].asked == ALONE;
                machine_free(stopping[i].m);
        }
        return failed;
}

/* `together`: how many at once. */
static int stop_named(char *const *names, int n, int together, const StopArguments *a) {
        bool failed = false, alone = false;

        for (int i = 0; i < n; i += together)
                failed = stop_some(names + i, n - i < together ? n - i : together, a, &alone) < 0 || failed;
        if (alone && a->action == INIT_KILL) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = gc_run(false, NULL, &error);

                if (r < 0)
                        failed = log_report(LOG_LEVEL_ERROR, r, error) < 0;
        }
        return failed ? EXIT_FAILURE : 0;
}

static int stop_all(int argc, char **argv, InitAction action, Error **reterr) {
        _cleanup_strv_ char **names = NULL, **groups = NULL;
        StopArguments a = { .action = action };
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                if (r == 'w')
                        a.wait = true;
                else if (strv_append(&groups, args.value) < 0)
                        return error_oom(reterr);
        if (r >= 0 && !groups)
                r = verb_check_operands(&args, 1, -1, reterr);
        if (r >= 0 && groups)
                r = group_names_to_end(&args, groups, &names, reterr);
        if (r >= 0 && groups) {
                args.operands = names;
                args.n_operands = (int) strv_length(names);
        }
        /* A group ends in the order that it was started in, the other way round, which is for who waits. */
        return r < 0 ? r : stop_named(args.operands, args.n_operands, groups && a.wait ? 1 : TOGETHER, &a);
}

int verb_poweroff(int argc, char **argv, Error **reterr) {
        return stop_all(argc, argv, INIT_POWEROFF, reterr);
}

int verb_halt(int argc, char **argv, Error **reterr) {
        return stop_all(argc, argv, INIT_HALT, reterr);
}

int verb_reboot(int argc, char **argv, Error **reterr) {
        return stop_all(argc, argv, INIT_REBOOT, reterr);
}

int verb_terminate(int argc, char **argv, Error **reterr) {
        return stop_all(argc, argv, INIT_KILL, reterr);
}

enum { OPT_WHOM = 256 };

const VerbOption kill_options[] = {
        { { .name = "signal", .letter = 's', .placeholder = "SIGNAL" }, 's', "The signal (default: SIGTERM); help and list show what there is" },
        { { .name = "kill-whom", .alias = "kill-who", .placeholder = "leader|all" }, OPT_WHOM, "Send it to init alone, or to all processes (default)" },
        {},
};

typedef struct KillArguments {
        int sig;
        KillWhom whom;
} KillArguments;

static int store_kill_option(KillArguments *a, int option, const char *value, Error **reterr) {
        if (option == 's') {
                if (parse_signal(value, &a->sig) < 0)
                        return error_set(reterr, EINVAL, "'%s' is not a signal; try SIGTERM, SIGRTMIN+3 or a number", value);
                return 0;
        }
        if (strcmp(value, "leader") != 0 && strcmp(value, "all") != 0)
                return error_set(reterr, EINVAL, "--kill-whom= takes leader or all, not '%s'", value);
        a->whom = strcmp(value, "leader") == 0 ? KILL_LEADER : KILL_ALL;
        return 0;
}

static int kill_named(const char *name, const void *how, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        const KillArguments *a = how;
        int r = machine_open(name, &m, reterr);

        if (r >= 0 && geteuid() != 0)
                return kill_by_bus(m, a->whom, a->sig, reterr);
        if (r >= 0 && m->record->frozen && a->sig != SIGKILL)
                log_info("The machine '%s' is frozen: it takes the signal when it is thawed", name);
        return r < 0 ? r : machine_kill(m, a->whom, a->sig, reterr);
}

int verb_kill(int argc, char **argv, Error **reterr) {
        KillArguments a = { .sig = SIGTERM, .whom = KILL_ALL };
        VerbArgs args = verb_args(argc, argv);
        int option, r;

        while ((option = verb_next(&args, reterr)) > 0) {
                if (option == 's' && (strcmp(args.value, "help") == 0 || strcmp(args.value, "list") == 0))
                        return print_signals(args.value);
                r = store_kill_option(&a, option, args.value, reterr);
                if (r < 0)
                        return r;
        }
        r = option < 0 ? option : verb_check_operands(&args, 1, -1, reterr);
        return r < 0 ? r : verb_for_each(&args, kill_named, &a);
}
