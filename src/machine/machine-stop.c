/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-stop.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "join.h"
#include "pidfd.h"

#define RETRY_NSEC (50 * 1000 * 1000)

void stop_target_of(const Machine *m, StopTarget *ret) {
        *ret = (StopTarget){
                .name = m->record->name,
                .leader = m->record->leader,
                .leader_fd = m->leader_fd,
                .runs_command = m->record->mode && strcmp(m->record->mode, "run") == 0,
                .kill_signal = m->record->kill_signal,
        };
}

static int send_signal(const StopTarget *t, int sig, Error **reterr) {
        int r = pidfd_kill(t->leader_fd, sig);

        if (r == -ESRCH)
                return error_set(reterr, ESRCH, "The machine '%s' has ended", t->name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot send signal %d to the init of machine '%s'", sig, t->name);
        return 0;
}

/* Nothing is known of init's signals: its own poweroff(8) knows. It runs on by itself. */
static int run_program(const StopTarget *t, InitAction action, Error **reterr) {
        char *const *argv;

        for (unsigned i = 0; (argv = init_program(action, i)); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                JoinRequest q = { .name = t->name, .leader = t->leader, .leader_fd = t->leader_fd, .argv = argv,
                                  .fds = { -1, -1, -1 }, .detached = true };
                Joined j = { .pidfd = -1, .pty = -1 };
                int r = join_start(&q, &j, &error);

                if (r == 0)
                        return 0;
                if (r > 0)
                        continue;
                return error_pass(reterr, r, &error);
        }
        error_set(reterr, EOPNOTSUPP, "The machine '%s' has an init that is not known, and no program that could tell it to %s",
                  t->name, init_action_to_string(action));
        return error_hint(reterr, -EOPNOTSUPP, "Set KillSignal= in its settings, or end it with `nbox terminate %s`.", t->name);
}

/* A command has no shutdown to go through: what its signal would do to it by default, PID 1 is spared by the kernel. */
static int stop_command(const StopTarget *t, const Guest *g, Error **reterr) {
        int sig = t->kill_signal > 0 ? t->kill_signal : SIGTERM;

        return send_signal(t, init_can_take(g, sig) ? sig : SIGKILL, reterr);
}

static int choose_signal(const StopTarget *t, const Guest *g, InitAction action) {
        InitKind kind;
        int sig;

        if (action == INIT_POWEROFF && t->kill_signal > 0)
                return t->kill_signal;
        kind = init_identify(g);
        sig = init_signal(kind, action);
        if (sig == 0 && kind == INIT_SYSVINIT && init_can_take(g, init_signal(INIT_SYSTEMD, INIT_POWEROFF)))
                return init_signal(INIT_SYSTEMD, INIT_POWEROFF); /* sysvinit since 3.10 */
        return sig;
}

static int stop_init(const StopTarget *t, const Guest *g, InitAction action, Error **reterr) {
        int sig = choose_signal(t, g, action);

        if (sig == 0)
                return run_program(t, action, reterr);
        if (!init_can_take(g, sig))
                return -EAGAIN;
        return send_signal(t, sig, reterr);
}

int machine_stop_try(const StopTarget *t, InitAction action, Error **reterr) {
        Guest g;
        int r;

        if (action == INIT_KILL)
                return send_signal(t, SIGKILL, reterr);
        r = guest_open(&g, t->name, t->leader, t->leader_fd, reterr);
        if (r < 0)
                return r;
        r = t->runs_command ? stop_command(t, &g, reterr) : stop_init(t, &g, action, reterr);
        guest_done(&g);
        return r;
}

int machine_stop(const StopTarget *t, InitAction action, uint64_t timeout_usec, Error **reterr) {
        for (uint64_t waited = 0;; waited += RETRY_NSEC / 1000) {
                int r = machine_stop_try(t, action, reterr);

                if (r != -EAGAIN)
                        return r;
                if (waited >= timeout_usec)
                        break;
                nanosleep(&(struct timespec){ .tv_nsec = RETRY_NSEC }, NULL);
        }
        error_set(reterr, ETIMEDOUT, "The init of machine '%s' does not listen to the signal that would %s it", t->name, init_action_to_string(action));
        return error_hint(reterr, -ETIMEDOUT, "End it without asking: `nbox terminate %s`.", t->name);
}
