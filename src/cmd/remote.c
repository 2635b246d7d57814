/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remote.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "exit-status.h"
#include "log.h"
#include "process.h"
#include "strv.h"

static const RemoteVerb *find(const Verb *verb) {
        static const RemoteVerb none = {};

        for (const RemoteVerb *v = remote_verbs; v->name; v++)
                if (strcmp(v->name, verb->name) == 0)
                        return v;
        return &none;
}

static bool wants_terminal(unsigned traits, const Verb *verb, int argc, char **argv) {
        bool in = isatty(STDIN_FILENO), out = isatty(STDOUT_FILENO), err = isatty(STDERR_FILENO);

        return in && ((traits & REMOTE_TERMINAL_IN) || ((traits & REMOTE_TERMINAL_OUT) && out) || ((traits & REMOTE_TERMINAL_ASKS) && err) ||
                      ((traits & REMOTE_TERMINAL_OPTION) && verb_option_given(verb, argc, argv, "tty")) ||
                      ((traits & REMOTE_TERMINAL_ALL) && out && err && !verb_option_given(verb, argc, argv, "detach")));
}

static int check_streams(unsigned traits, const Verb *verb, Error **reterr) {
        if ((traits & REMOTE_STREAM_OUT) && isatty(STDOUT_FILENO)) {
                error_set(reterr, EINVAL, "What %s writes is nothing for a terminal", verb->name);
                return error_hint(reterr, -EINVAL, "Put a pipe or a file behind it.");
        }
        if ((traits & REMOTE_STREAM_IN) && isatty(STDIN_FILENO)) {
                error_set(reterr, EINVAL, "What %s reads does not come from a terminal", verb->name);
                return error_hint(reterr, -EINVAL, "Give it a pipe or a file.");
        }
        return 0;
}

static int no_ssh(int r, const char *program, Error **reterr) {
        error_errno(reterr, r, "Cannot execute %s", program);
        return r == -ENOENT ? error_hint(reterr, r, "`nbox doctor` has the command that installs it.")
               : r == -E2BIG ? error_hint(reterr, r, "These are more words than a connection takes.") : r;
}

/* In place of ourselves: signals, job control and the exit status are then what they are. */
static int become(const Remote *r, char **command) {
        execvp(r->host ? command[0] : "/proc/self/exe", command);
        return -errno;
}

static int check_root(const Remote *r, Error **reterr) {
        if (r->host || geteuid() == 0)
                return 0;
        error_set(reterr, EPERM, "nbox -M needs root, to go into the machine");
        return error_hint(reterr, -EPERM, "Try: sudo nbox -M %s …", r->machine);
}

static void redirect(int fd, int to) {
        if (fd < 0 || dup2(fd, to) < 0)
                _exit(EXIT_OWN_FAILURE);
        if (fd != to)
                close_fd(fd);
}

int remote_start(const Remote *r, const Verb *verb, char *const *words, int in, int out, pid_t *ret, Error **reterr) {
        RemoteCall call = { .words = words, .reads = in >= 0, .runs = verb->flags & VERB_RUNS, .root = verb->flags & VERB_ROOT };
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_strv_ char **command = NULL;
        int k = remote_command(r, &call, &command, reterr);

        if (k < 0)
                return k;
        fflush(stdout);
        *ret = fork();
        if (*ret < 0)
                return error_errno(reterr, errno, "Cannot fork");
        if (*ret == 0) {
                redirect(in >= 0 ? in : open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
                if (out >= 0)
                        redirect(out, STDOUT_FILENO);
                process_reset_signals();
                k = no_ssh(become(r, command), command[0], &error);
                log_report(LOG_LEVEL_ERROR, k, error);
                _exit(EXIT_OWN_FAILURE);
        }
        return 0;
}

int remote_wait(pid_t pid, Error **reterr) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for the connection's process");
        return process_exit_status(status);
}

int remote_call(const Remote *r, const Verb *verb, char *const *words, int in, int out, Error **reterr) {
        pid_t pid;
        int k = remote_start(r, verb, words, in, out, &pid, reterr);

        return k < 0 ? k : remote_wait(pid, reterr);
}

int remote_pass_on(const Remote *r, const Verb *verb, unsigned traits, int argc, char **argv, Error **reterr) {
        RemoteCall call = { .words = argv, .reads = traits & REMOTE_READS, .terminal = wants_terminal(traits, verb, argc, argv),
                            .runs = verb->flags & VERB_RUNS, .root = verb->flags & VERB_ROOT };
        _cleanup_strv_ char **command = NULL;
        int k = check_streams(traits, verb, reterr);

        if (k >= 0)
                k = remote_command(r, &call, &command, reterr);
        if (k < 0)
                return k;
        fflush(stdout);
        if (!r->host && !call.reads && !call.terminal) { /* ssh has its -n */
                int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

                if (null < 0)
                        return error_errno(reterr, errno, "Cannot open /dev/null");
                redirect(null, STDIN_FILENO);
        }
        return no_ssh(become(r, command), command[0], reterr);
}

int remote_run(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr) {
        const RemoteVerb *how = find(verb);
        int k = check_root(r, reterr);

        if (k < 0)
                return k;
        return how->run ? how->run(r, verb, argc, argv, reterr) : remote_pass_on(r, verb, how->traits, argc, argv, reterr);
}
