/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "dispatch.h"
#include "exit-status.h"
#include "host-machine.h"
#include "host-session.h"
#include "log.h"
#include "machinectl.h"
#include "parse.h"
#include "registration.h"
#include "verb-list.h"

/* What machinectl does with machines: ours by our verbs, others' by systemd-machined. */

#define POWEROFF_SIGNAL (SIGRTMIN + 4) /* as machinectl(1) says */
#define REBOOT_SIGNAL SIGINT

static int run_ours(char **words, Error **reterr) {
        return dispatch_verb((int) strv_length(words), words, reterr);
}

/* ---- poweroff, reboot, terminate, kill ---- */

static int signal_of(const MachinectlArgs *a, int *ret, Error **reterr) {
        *ret = SIGTERM;
        if (a->signal && parse_signal(a->signal, ret) < 0)
                return error_set(reterr, EINVAL, "Failed to parse signal string \"%s\".", a->signal);
        return 0;
}

static int stop_others(const MachinectlArgs *a, const Facts *f, const char *name, Error **reterr) {
        int sig, r;

        if (strcmp(a->verb, "terminate") == 0)
                return machined_terminate(f->bus, name, reterr);
        if (strcmp(a->verb, "reboot") == 0)
                return registration_kill(f->bus, name, "leader", REBOOT_SIGNAL, reterr);
        if (strcmp(a->verb, "kill") != 0)
                return registration_kill(f->bus, name, "leader", POWEROFF_SIGNAL, reterr);
        r = signal_of(a, &sig, reterr);
        return r < 0 ? r : registration_kill(f->bus, name, a->whom ?: "all", sig, reterr);
}

static int stop_ours(const MachinectlArgs *a, const char *name, Error **reterr) {
        bool stop = strcmp(a->verb, "stop") == 0, kill = strcmp(a->verb, "kill") == 0;
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, stop ? "poweroff" : a->verb);

        if (r >= 0 && kill && a->signal)
                r = strv_appendf(&words, "--signal=%s", a->signal);
        if (r >= 0 && kill && a->whom)
                r = strv_appendf(&words, "--kill-whom=%s", a->whom);
        if (r >= 0)
                r = strv_append(&words, "--");
        if (r >= 0)
                r = strv_append(&words, name);
        return r < 0 ? error_oom(reterr) : run_ours(words, reterr);
}

int machinectl_stop(const MachinectlArgs *a, Error **reterr) {
        _cleanup_(facts_done) Facts f = {};
        int r = facts_open(&f, reterr), failed = 0;

        if (r < 0)
                return r;
        if (a->signal && (strcmp(a->signal, "help") == 0 || strcmp(a->signal, "list") == 0))
                return print_signals(a->signal);
        for (int i = 0; i < a->n_operands; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = facts_is_others(&f, a->operands[i]) ? stop_others(a, &f, a->operands[i], &error) : stop_ours(a, a->operands[i], &error);
                if (r < 0)
                        log_report(LOG_LEVEL_ERROR, r, error);
                failed |= r != 0;
        }
        return failed ? EXIT_FAILURE : 0;
}

/* ---- login, shell ---- */

/* NAME alone takes our own value; without one, it is not set. */
static int environment_of(const MachinectlArgs *a, char ***ret) {
        int r = 0;

        for (char **e = a->environment; r >= 0 && e && *e; e++)
                if (strchr(*e, '='))
                        r = strv_append(ret, *e);
                else if (getenv(*e))
                        r = strv_appendf(ret, "%s=%s", *e, getenv(*e));
        return r;
}

/* Always on a terminal, as the original: who reads its output gets its line ends. */
static int shell_ours(const char *name, const char *user, char *const *environment, char *const *command, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, "shell");

        if (r >= 0)
                r = strv_append(&words, "--tty");
        if (r >= 0 && user)
                r = strv_appendf(&words, "--user=%s", user);
        for (; r >= 0 && environment && *environment; environment++)
                r = strv_appendf(&words, "--setenv=%s", *environment);
        if (r >= 0)
                r = strv_append(&words, name);
        for (; r >= 0 && *command; command++)
                r = strv_append(&words, *command);
        if (r < 0)
                return error_oom(reterr);
        r = run_ours(words, reterr);
        return r < 0 ? r : 0; /* what the command's status was is not told */
}

static int shell(const MachinectlArgs *a, const Facts *f, Error **reterr) {
        char *target = a->n_operands > 0 ? a->operands[0] : NULL, *at = target ? strchr(target, '@') : NULL;
        _cleanup_strv_ char **environment = NULL;
        char *const *command = a->operands + (a->n_operands > 0);
        const char *user = a->uid, *name = target;

        if (at) {
                *at = 0;
                user = *target ? target : user;
                name = at + 1;
        }
        if (environment_of(a, &environment) < 0)
                return error_oom(reterr);
        if (*command && **command != '/')
                return error_set(reterr, EINVAL, "Failed to get shell PTY: Specified path '%s' is not absolute", *command);
        if (!names_host(name) && !facts_is_others(f, name))
                return shell_ours(name, user, environment, command, reterr);
        return host_session_shell(&(MachinedShell){ .name = names_host(name) ? HOST_MACHINE : name, .user = user, .argv = command,
                                                    .environment = environment }, reterr);
}

int machinectl_enter(const MachinectlArgs *a, Error **reterr) {
        const char *name = a->n_operands > 0 ? a->operands[0] : NULL;
        _cleanup_(facts_done) Facts f = {};
        int r = facts_open(&f, reterr);

        if (r < 0)
                return r;
        if (strcmp(a->verb, "shell") == 0)
                return shell(a, &f, reterr);
        if (names_host(name) || facts_is_others(&f, name))
                return host_session_login(names_host(name) ? HOST_MACHINE : name, reterr);
        return run_ours((char *[]){ (char *) "login", (char *) "--", (char *) name, NULL }, reterr);
}

/* ---- copy-to, copy-from, bind ---- */

static int make_absolute(const char *path, char **ret) {
        char cwd[PATH_MAX];

        if (*path == '/')
                *ret = strdup(path);
        else if (!getcwd(cwd, sizeof(cwd)) || asprintf(ret, "%s/%s", cwd, path) < 0)
                *ret = NULL;
        return *ret ? 0 : -ENOMEM;
}

typedef struct FilePaths {
        char *host, *inside;
} FilePaths;

static void file_paths_done(FilePaths *p) {
        free(p->host);
        free(p->inside);
}

/* Of the first path and the second, which is the first where it is missing: paths of ours may be relative, those inside not. */
static int paths_of(const MachinectlArgs *a, bool from_inside, FilePaths *ret, Error **reterr) {
        const char *first = a->operands[1], *second = a->n_operands > 2 ? a->operands[2] : NULL;
        const char *host = from_inside ? second ?: first : first, *inside = from_inside ? first : second;

        if (make_absolute(host, &ret->host) < 0)
                return error_oom(reterr);
        ret->inside = strdup(inside ?: ret->host);
        if (!ret->inside)
                return error_oom(reterr);
        if (*ret->inside != '/')
                return error_set(reterr, EINVAL, "Container path %s is not absolute.", ret->inside);
        return 0;
}

static int files_others(const MachinectlArgs *a, const Facts *f, const FilePaths *p, Error **reterr) {
        const char *name = a->operands[0];

        if (strcmp(a->verb, "bind") == 0)
                return machined_bind(f->bus, &(MachinedBind){ .name = name, .from = p->host, .to = p->inside, .read_only = a->read_only,
                                                              .mkdir = a->mkdir }, reterr);
        if (strcmp(a->verb, "copy-to") == 0)
                return machined_copy(f->bus, &(MachinedCopy){ .name = name, .from = p->host, .to = p->inside, .to_machine = true, .force = a->force },
                                     reterr);
        return machined_copy(f->bus, &(MachinedCopy){ .name = name, .from = p->inside, .to = p->host, .force = a->force }, reterr);
}

static int files_ours(const MachinectlArgs *a, const FilePaths *p, Error **reterr) {
        bool bind = strcmp(a->verb, "bind") == 0, from = strcmp(a->verb, "copy-from") == 0;
        _cleanup_strv_ char **words = NULL;
        int r = strv_append(&words, a->verb);

        if (r >= 0 && bind && a->read_only)
                r = strv_append(&words, "--read-only");
        if (r >= 0 && bind && a->mkdir)
                r = strv_append(&words, "--mkdir");
        if (r >= 0 && !bind && a->force)
                r = strv_append(&words, "--force");
        if (r >= 0)
                r = strv_append(&words, "--");
        if (r >= 0)
                r = strv_append(&words, a->operands[0]);
        if (r >= 0)
                r = strv_append(&words, from ? p->inside : p->host);
        if (r >= 0)
                r = strv_append(&words, from ? p->host : p->inside);
        return r < 0 ? error_oom(reterr) : run_ours(words, reterr);
}

int machinectl_files(const MachinectlArgs *a, Error **reterr) {
        _cleanup_(file_paths_done) FilePaths paths = {};
        _cleanup_(facts_done) Facts f = {};
        int r = paths_of(a, strcmp(a->verb, "copy-from") == 0, &paths, reterr);

        if (r >= 0)
                r = facts_open(&f, reterr);
        if (r < 0)
                return r;
        return facts_is_others(&f, a->operands[0]) ? files_others(a, &f, &paths, reterr) : files_ours(a, &paths, reterr);
}
