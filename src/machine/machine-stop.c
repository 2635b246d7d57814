/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-stop.h"

#include <poll.h>
#include <stdarg.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "exit-status.h"
#include "init-look.h"
#include "join.h"
#include "log.h"
#include "parse.h"
#include "pidfd.h"
#include "process.h"
#include "strv.h"

/* One asking, from the first look at init to the last signal. What init is, is looked at anew each time: until it has been asked, a
 * wrapper may still become it. What has been asked once is not disturbed again, but for the two cases in which nothing is known to be
 * under way: an init whose program came too early, and an unknown one that its own program did not end. */

#define PAUSE_MIN_USEC (2 * 1000)
#define PAUSE_MAX_USEC (50 * 1000)
#define PATIENCE_MAX_USEC (30 * UINT64_C(1000000)) /* for an init to listen */
#define SETTLE_MAX_USEC (5 * UINT64_C(1000000))    /* for its end to come after its program has succeeded */
#define AGAIN_USEC (2 * 1000 * 1000)

typedef struct Asking {
        const StopTarget *target;
        InitAction action;
        uint64_t began;    /* CLOCK_MONOTONIC µs */
        uint64_t patience; /* µs from then on */
        uint64_t pause;
        bool asked;        /* a program of its own has been run and has succeeded */
} Asking;

static void say(const Asking *a, const char *fmt, ...) _printf_(2, 3);

static void say(const Asking *a, const char *fmt, ...) {
        char text[256];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        log_line(a->target->quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "Machine '%s': %s", a->target->name, text);
}

void stop_target_of(const Machine *m, StopTarget *ret) {
        *ret = (StopTarget){
                .name = m->record->name,
                .leader = m->record->leader,
                .leader_fd = m->leader_fd,
                .runs_command = m->record->mode == START_RUN,
                .init = init_known_of(m->record),
                .kill_signal = m->record->kill_signal,
                .timeout_usec = m->record->stop_timeout_usec,
        };
}

/* A machine that has ended needs no signal. */
static int send_signal(const StopTarget *t, int sig, Error **reterr) {
        int r = pidfd_kill(t->leader_fd, sig);
        char text[SIGNAL_TEXT_MAX];

        if (r < 0 && r != -ESRCH)
                return error_errno(reterr, r, "Cannot send %s to the init of machine '%s'", signal_to_text(sig, text), t->name);
        return 0;
}

static bool ends_within(const StopTarget *t, uint64_t usec) {
        return poll(&(struct pollfd){ .fd = t->leader_fd, .events = POLLIN }, 1, (int) ((usec + 999) / 1000)) > 0;
}

/* Whether it has ended meanwhile. */
static bool pause_a_moment(Asking *a) {
        bool ended = ends_within(a->target, a->pause);

        a->pause = a->pause * 3 / 2 > PAUSE_MAX_USEC ? PAUSE_MAX_USEC : a->pause * 3 / 2;
        return ended;
}

static bool is_patient(const Asking *a) {
        return clock_usec(CLOCK_MONOTONIC) - a->began < a->patience;
}

/* One program of the guest's own, to its end: its status, or -errno. It is killed with us. */
static int run_program(const Asking *a, InitProgram argv, Error **reterr) {
        const StopTarget *t = a->target;
        JoinRequest q = { .name = t->name, .leader = t->leader, .leader_fd = t->leader_fd, .argv = (char *const *) argv,
                          .fds = { -1, -1, -1 } };
        Joined j = { .pidfd = -1, .pty = -1 };
        siginfo_t info;
        int r;

        r = join_start(&q, &j, reterr);
        if (r != 0)
                return r;
        r = pidfd_wait(j.pidfd, &info);
        joined_done(&j);
        if (r < 0)
                return error_errno(reterr, r, "Cannot wait for %s in machine '%s'", argv[0], t->name);
        if (info.si_code == CLD_EXITED)
                return info.si_status;
        /* The shutdown that it has begun does not spare it. */
        return info.si_status == SIGTERM || info.si_status == SIGKILL || info.si_status == SIGHUP ? 0 : 128 + info.si_status;
}

/* Once, however often it is asked. */
static void say_program(Asking *a, InitProgram argv) {
        _cleanup_free_ char *command = strv_join((char *const *) argv, " ");

        if (!a->asked)
                say(a, "its own %s has been run", command ?: argv[0]);
        a->asked = true;
}

/* The first that the guest has and that succeeds: 0. EXIT_NOT_FOUND: it has none of them; 1: none has succeeded. */
static int run_programs(Asking *a, InitKind kind, Error **reterr) {
        int result = EXIT_NOT_FOUND;
        InitProgram argv;

        for (unsigned i = 0; (argv = init_program(kind, a->action, i)); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = run_program(a, argv, &error);

                if (r == -ESRCH)
                        return 0;
                if (r < 0)
                        return error_pass(reterr, r, &error);
                if (r == 0) {
                        say_program(a, argv);
                        return 0;
                }
                if (r == EXIT_NOT_FOUND || r == EXIT_CANNOT_EXECUTE)
                        continue;
                log_debug("Machine '%s': its own %s has failed (status %d)", a->target->name, argv[0], r);
                result = 1;
        }
        return result;
}

/* Its programs have done what they can. What is left is a signal, if there is one that this init is known to end by. */
static int ask_harder(const Asking *a, InitKind kind, const char *why, Error **reterr) {
        const StopTarget *t = a->target;
        int sig = a->action == INIT_POWEROFF && t->kill_signal > 0 ? t->kill_signal : init_traits(kind)->last_signal;
        _cleanup_(guest_done) Guest g = {};
        char text[SIGNAL_TEXT_MAX];

        if (guest_open(&g, t->name, t->leader, t->leader_fd, NULL) < 0)
                return 0; /* it has ended */
        if (sig > 0 && a->action != INIT_REBOOT && init_can_take(&g, sig)) {
                say(a, "%s; sending %s to its init", why, signal_to_text(sig, text));
                return send_signal(t, sig, reterr);
        }
        error_set(reterr, EOPNOTSUPP, "Machine '%s': %s, and its init (%s) heeds no other signal", t->name, why, init_kind_to_string(kind));
        return error_hint(reterr, -EOPNOTSUPP,
                          "End it with `nbox terminate %s`; Init= and KillSignal= in its settings say how it is asked.", t->name);
}

static int ask_by_program(Asking *a, InitKind kind, Error **reterr) {
        const InitTraits *traits = init_traits(kind);
        uint64_t settle = a->target->timeout_usec / 3 < SETTLE_MAX_USEC ? a->target->timeout_usec / 3 : SETTLE_MAX_USEC;
        uint64_t began = clock_usec(CLOCK_MONOTONIC);
        int r;

        for (;;) {
                r = run_programs(a, kind, reterr);
                if (r < 0)
                        return r;
                if (r == EXIT_NOT_FOUND)
                        return ask_harder(a, kind, "it has no program of its own for this", reterr);
                if (r == 0 && !traits->ask_again)
                        break;
                /* Early in a boot init may not be there for them yet. */
                if (ends_within(a->target, r == 0 ? AGAIN_USEC : 5 * PAUSE_MAX_USEC))
                        return 0;
                if (r == 0 ? !is_patient(a) : clock_usec(CLOCK_MONOTONIC) - began >= settle)
                        break;
        }
        if (r != 0)
                return ask_harder(a, kind, "its own programs have failed", reterr);
        if (traits->last_signal == 0 || ends_within(a->target, settle))
                return 0;
        if (a->action == INIT_REBOOT) /* no signal is known for it: once more, should it have been too early */
                return (r = run_programs(a, kind, reterr)) < 0 ? r : 0;
        return ask_harder(a, kind, "it still runs after its own program", reterr);
}

/* What can be known of init just now, and the next step. */
static StopStep look(const Asking *a, const Guest *g, InitKind *ret_kind) {
        StopView v = {
                .kind = init_identify(g, a->target->init), .action = a->action, .kill_signal = a->target->kill_signal,
                .waited_usec = clock_usec(CLOCK_MONOTONIC) - a->began, .patience_usec = a->patience,
        };

        v.takes_kill_signal = init_can_take(g, v.kill_signal);
        v.takes_signal = init_can_take(g, init_signal(v.kind, v.action));
        v.ready = init_is_ready(g, v.kind);
        *ret_kind = v.kind;
        return stop_choose(&v);
}

static int ask_by_signal(const Asking *a, InitKind kind, int sig, Error **reterr) {
        char text[SIGNAL_TEXT_MAX];

        say(a, "asking its init (%s) to %s by %s", init_kind_to_string(kind), init_action_to_phrase(a->action), signal_to_text(sig, text));
        return send_signal(a->target, sig, reterr);
}

/* 0: *ret_step is what to do; 1: nothing need be asked any more. */
static int look_once(const Asking *a, StopStep *ret_step, InitKind *ret_kind, Error **reterr) {
        const StopTarget *t = a->target;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(guest_done) Guest g = {};
        int r;

        r = guest_open(&g, t->name, t->leader, t->leader_fd, &error);
        if (r == -ESRCH)
                return 1;
        if (r < 0)
                return error_pass(reterr, r, &error);
        if (init_is_going_down(&g)) {
                say(a, "its shutdown is at its end already");
                return 1;
        }
        *ret_step = look(a, &g, ret_kind);
        return 0;
}

/* What is seen must be seen twice: for the moment of a fork, a process holds back all signals, and takes none of them. */
static int ask(Asking *a, Error **reterr) {
        const StopTarget *t = a->target;
        StopStep before = STOP_WAIT, step;
        InitKind kind;

        for (;; before = step) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = look_once(a, &step, &kind, &error);

                if (r > 0)
                        return 0;
                if (r < 0 && !is_patient(a))
                        return error_pass(reterr, r, &error);
                if (r < 0) /* what could not be seen now may be seen next time */
                        step = STOP_WAIT;
                if (step == STOP_WAIT || step != before) {
                        if (pause_a_moment(a))
                                return 0;
                        continue;
                }
                if (step == STOP_PROGRAM)
                        return ask_by_program(a, kind, reterr);
                return ask_by_signal(a, kind, step == STOP_KILL_SIGNAL ? t->kill_signal : init_signal(kind, a->action), reterr);
        }
}

/* A command has no shutdown to go through: what its signal would do to it by default, PID 1 is spared by the kernel. */
static int stop_command(const StopTarget *t, Error **reterr) {
        int sig = t->kill_signal > 0 ? t->kill_signal : SIGTERM, r;
        Guest g;

        r = guest_open(&g, t->name, t->leader, t->leader_fd, reterr);
        if (r < 0)
                return r;
        r = send_signal(t, init_can_take(&g, sig) ? sig : SIGKILL, reterr);
        guest_done(&g);
        return r;
}

int machine_stop(const StopTarget *t, InitAction action, Error **reterr) {
        Asking a = { .target = t, .action = action, .began = clock_usec(CLOCK_MONOTONIC), .pause = PAUSE_MIN_USEC };

        if (action == INIT_KILL)
                return send_signal(t, SIGKILL, reterr);
        if (t->runs_command)
                return stop_command(t, reterr);
        a.patience = t->timeout_usec / 3 < PATIENCE_MAX_USEC ? t->timeout_usec / 3 : PATIENCE_MAX_USEC;
        return ask(&a, reterr);
}
