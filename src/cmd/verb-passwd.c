/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>

#include "exit-status.h"
#include "fd.h"
#include "inside.h"
#include "text.h"
#include "verb-list.h"

/* The machine's own programs write its password files, inside: which hash it knows, and whether the files are really its
 * own, is not ours to guess. On a terminal passwd(1) asks; else the new password comes on stdin, once or twice, each on
 * a line. */

#define PASSWORD_MAX 4096

static int no_program(const char *program, const char *name, Error **reterr) {
        error_set(reterr, ENOEXEC, "The machine '%s' has no `%s` to set a password with", name, program);
        return error_hint(reterr, -ENOEXEC, "Enter it without one: `nbox shell %s`.", name);
}

static int ask_inside(const Machine *m, const char *user, Error **reterr) {
        const char *const argv[] = { "passwd", user, NULL };
        JoinRequest q;
        int r;

        inside_request(m, &q);
        q.argv = (char *const *) argv;
        r = inside_on_terminal(&q, reterr);
        return r == EXIT_CANNOT_EXECUTE || r == EXIT_NOT_FOUND ? no_program("passwd", m->record->name, reterr) : r;
}

/* One line, or two equal ones. The caller wipes and frees. */
static int read_password(char **ret, Error **reterr) {
        char *text = NULL, *first, *second, *rest;
        int r;

        r = fd_read_all(STDIN_FILENO, PASSWORD_MAX, &text, NULL);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the password from standard input");
        rest = text;
        first = strsep(&rest, "\n");
        second = strsep(&rest, "\n");
        if (!*first)
                r = error_set(reterr, EINVAL, "There is no password on standard input");
        else if (second && *second && strcmp(first, second) != 0)
                r = error_set(reterr, EINVAL, "The two passwords on standard input differ");
        else if (!string_is_clean(first))
                r = error_set(reterr, EINVAL, "The password has control characters");
        if (second)
                explicit_bzero(second, strlen(second));
        if (r < 0) {
                explicit_bzero(first, strlen(first));
                free(text);
                return r;
        }
        *ret = text; /* first is its beginning */
        return 0;
}

/* A pipe holds far more than a few passwords: written before anybody reads. */
static int pipe_of(const char *text, Error **reterr) {
        int p[2], r;

        if (pipe2(p, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        r = fd_write_all(p[1], text, strlen(text));
        close_fd(p[1]);
        if (r < 0) {
                close_fd(p[0]);
                return error_errno(reterr, r, "Cannot write to a pipe");
        }
        return p[0];
}

/* Its exit status, 126 or 127 when there is no such program, or -errno. */
static int feed(const Machine *m, const char *const *argv, const char *text, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int in = pipe_of(text, reterr);
        Joined j = { .pidfd = -1, .pty = -1 };
        JoinRequest q;
        int r;

        if (in < 0)
                return in;
        inside_request(m, &q);
        q.argv = (char *const *) argv;
        q.fds[0] = in;
        q.fds[1] = q.fds[2] = -1;
        r = join_start(&q, &j, &error);
        if (r != 0)
                return r < 0 ? error_pass(reterr, r, &error) : r;
        r = join_wait(&j, NULL, reterr);
        joined_done(&j);
        return r;
}

/* chpasswd(8) takes "user:password"; Debian's busybox has none, but a passwd that reads what it asks for, twice, from
 * whatever stdin is. */
static int try_programs(const Machine *m, const char *user, const char *password, char *line, size_t size, Error **reterr) {
        const char *const chpasswd[] = { "chpasswd", NULL }, *const passwd[] = { "passwd", user, NULL };
        const char *program = chpasswd[0];
        int r;

        snprintf(line, size, "%s:%s\n", user, password);
        r = feed(m, chpasswd, line, reterr);
        if (r == EXIT_CANNOT_EXECUTE || r == EXIT_NOT_FOUND) {
                program = passwd[0];
                snprintf(line, size, "%s\n%s\n", password, password);
                r = feed(m, passwd, line, reterr);
        }
        if (r == EXIT_CANNOT_EXECUTE || r == EXIT_NOT_FOUND)
                return no_program("passwd", m->record->name, reterr);
        if (r > 0)
                return error_set(reterr, EIO, "The machine's %s failed with status %d: is there a user '%s'?", program, r, user);
        return r;
}

static int set_from_stdin(const Machine *m, const char *user, Error **reterr) {
        char *password = NULL, line[2 * PASSWORD_MAX + 512];
        int r;

        r = read_password(&password, reterr);
        if (r < 0)
                return r;
        r = try_programs(m, user, password, line, sizeof(line), reterr);
        explicit_bzero(line, sizeof(line));
        explicit_bzero(password, strlen(password));
        free(password);
        return r;
}

/* It becomes an argument of passwd's and a line's beginning for chpasswd. */
static int check_user(const char *user, Error **reterr) {
        if (user[0] && user[0] != '-' && strlen(user) <= 256 && !strpbrk(user, ":,/ ") && string_is_clean(user))
                return 0;
        return error_set(reterr, EINVAL, "'%.80s' is not a user's name", user);
}

int verb_passwd(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        const char *user;
        int r;

        r = verb_operands(&args, 1, 2, reterr);
        if (r < 0)
                return r;
        user = args.n_operands > 1 ? args.operands[1] : "root";
        r = check_user(user, reterr);
        if (r >= 0)
                r = inside_open(args.operands[0], &m, reterr);
        if (r < 0)
                return r;
        return isatty(STDIN_FILENO) ? ask_inside(m, user, reterr) : set_from_stdin(m, user, reterr);
}
