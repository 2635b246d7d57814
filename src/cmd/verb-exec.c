/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "host-machine.h"
#include "host-session.h"
#include "inside.h"
#include "path.h"
#include "session.h"
#include "verb-list.h"

#define LIVES_TRIED 3
#define ENDING_MSEC 5000

enum { OPT_CHDIR = 256 };

const VerbOption exec_options[] = {
        { { .name = "tty", .letter = 't' }, 't', "Run it on a terminal of its own in the machine" },
        { { .name = "setenv", .letter = 'E', .placeholder = "NAME[=VALUE]" }, 'E', "Add to its environment" },
        { { .name = "user", .alias = "uid", .letter = 'u', .placeholder = "USER" }, 'u', "Run it as a user of the machine, not as root" },
        { { .name = "chdir", .placeholder = "PATH" }, OPT_CHDIR, "Run it in this directory of the machine" },
        {},
};

typedef struct ExecArguments {
        bool tty;
        const char *user, *chdir;
        char **environment;
        char **operands;
} ExecArguments;

static void exec_arguments_done(ExecArguments *a) {
        strv_free(a->environment);
}

/* NAME alone takes our own value, as --setenv= of boot does. */
static int add_environment(ExecArguments *a, const char *value, Error **reterr) {
        int r;

        if (value[0] == '=' || !value[0])
                return error_set(reterr, EINVAL, "--setenv= takes NAME=VALUE or NAME, not '%s'", value);
        r = strchr(value, '=') ? strv_append(&a->environment, value) : strv_appendf(&a->environment, "%s=%s", value, getenv(value) ?: "");
        return r < 0 ? error_oom(reterr) : 0;
}

static int store_option(ExecArguments *a, int option, const char *value, Error **reterr) {
        switch (option) {
        case 't':
                a->tty = true;
                return 0;
        case 'u':
                a->user = value;
                return 0;
        case 'E':
                return add_environment(a, value, reterr);
        default:
                if (!path_is_clean(value))
                        return error_set(reterr, EINVAL, "--chdir= takes an absolute path without '..', not '%s'", value);
                a->chdir = value;
                return 0;
        }
}

static int parse(ExecArguments *a, int min_operands, int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int option, r;

        while ((option = verb_next(&args, reterr)) > 0) {
                r = store_option(a, option, args.value, reterr);
                if (r < 0)
                        return r;
        }
        if (option < 0)
                return option;
        a->operands = args.operands;
        return verb_check_operands(&args, min_operands, -1, reterr);
}

static void fill_request(const ExecArguments *a, const Machine *m, JoinRequest *ret) {
        inside_request(m, ret);
        ret->argv = a->operands + 1;
        ret->user = a->user;
        ret->chdir = a->chdir;
        ret->environment = a->environment;
}

/* A machine that ended before the command ran (-ESRCH) may have rebooted just then: its next life is what was meant. */
static int run_inside(const ExecArguments *a, const char *name, int (*run)(const ExecArguments *a, JoinRequest *q, Error **reterr),
                      Error **reterr) {
        for (int lives = 1;; lives++) {
                _cleanup_(machine_freep) Machine *m = NULL;
                _cleanup_(error_freep) Error *error = NULL;
                JoinRequest request;
                int r = inside_open(name, &m, reterr);

                if (r < 0)
                        return r;
                fill_request(a, m, &request);
                r = run(a, &request, &error);
                if (r != -ESRCH || lives == LIVES_TRIED)
                        return r < 0 ? error_pass(reterr, r, &error) : r;
                /* The kernel lets nobody in from an init's last breath on, some time before it has ended. */
                (void) poll(&(struct pollfd){ .fd = m->leader_fd, .events = POLLIN }, 1, ENDING_MSEC);
        }
}

static int run_command(const ExecArguments *a, JoinRequest *request, Error **reterr) {
        return a->tty ? inside_on_terminal(request, reterr) : inside_on_stdio(request, reterr);
}

int verb_exec(int argc, char **argv, Error **reterr) {
        _cleanup_(exec_arguments_done) ExecArguments a = {};
        int r = parse(&a, 2, argc, argv, reterr);

        return r < 0 ? r : run_inside(&a, a.operands[0], run_command, reterr);
}

/* [USER@]NAME, as machinectl(1) has it. */
static const char *split_target(char *target, const char **user) {
        char *at = strrchr(target, '@');

        if (!at)
                return target;
        *at = 0;
        if (*target)
                *user = target;
        return at + 1;
}

/* A session where the guest has such a thing: its own program then becomes the user. */
static int run_shell(const ExecArguments *a, JoinRequest *request, Error **reterr) {
        _cleanup_strv_ char **session = NULL;
        int r = session_command(request, &session, reterr);

        if (r < 0)
                return r;
        if (r > 0) {
                request->argv = session;
                request->user = request->chdir = NULL;
                request->environment = NULL;
                request->end_signal = SIGTERM; /* runuser(1) lets SIGHUP wait, and on this ends the session in order */
        }
        return a->tty || isatty(STDIN_FILENO) ? inside_on_terminal(request, reterr) : inside_on_stdio(request, reterr);
}

/* A session on this host, by systemd: it has nothing of ours. */
static int shell_on_host(const ExecArguments *a, Error **reterr) {
        char *const *command = a->operands + (a->operands[0] != NULL);

        if (a->chdir)
                return error_set(reterr, EOPNOTSUPP, "--chdir= is for machines: a session on the host begins in its user's home");
        if (*command && **command != '/')
                return error_set(reterr, EINVAL, "A command on the host is given by its absolute path, not as '%s'", *command);
        return host_session_shell(&(MachinedShell){ .name = HOST_MACHINE, .user = a->user, .argv = command, .environment = a->environment }, reterr);
}

int verb_shell(int argc, char **argv, Error **reterr) {
        _cleanup_(exec_arguments_done) ExecArguments a = {};
        const char *name = NULL;
        int r = parse(&a, 0, argc, argv, reterr);

        if (r < 0)
                return r;
        if (a.operands[0])
                name = split_target(a.operands[0], &a.user);
        return names_host(name) ? shell_on_host(&a, reterr) : run_inside(&a, name, run_shell, reterr);
}
