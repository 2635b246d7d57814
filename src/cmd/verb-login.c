/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "attach.h"
#include "clock.h"
#include "control.h"
#include "guest-environment.h"
#include "guest-getty.h"
#include "guest-user.h"
#include "guest.h"
#include "host-machine.h"
#include "host-session.h"
#include "init-look.h"
#include "inside.h"
#include "log.h"
#include "parse.h"
#include "verb-list.h"

/* A login prompt of the machine's own: on a terminal where its getty waits, or else one of its gettys is started on a
 * terminal that is free. The terminals stand as /dev/tty1… inside: busybox's login refuses root on pts/N. */

#define SPARE_TRIES 5
#define RETRY_USEC (50 * 1000)
#define STARTING_USEC (10 * UINT64_C(1000000)) /* for a getty that has begun and does not ask; then one of ours is better than none */
#define CONSOLE_WAIT_USEC (60 * UINT64_C(1000000)) /* longer than a machine that reboots in a loop waits */

static void warn_of_locked_root(const Machine *m) {
        Guest g;

        if (guest_open(&g, m->record->name, m->record->leader, m->leader_fd, NULL) < 0)
                return;
        if (guest_user_is_locked(g.root, "root"))
                log_warning("root's password is locked in machine '%s': set one with `nbox passwd %s`, or enter without one by `nbox shell %s`",
                            m->record->name, m->record->name, m->record->name);
        guest_done(&g);
}

/* Reserve a free terminal: the connection to it, its number in *ret_n. */
static int attach_spare(const char *name, uint64_t *ret_n, Error **reterr) {
        for (int tries = 0;; tries++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *text = NULL;
                char request[32];
                uint64_t n;
                int fd;

                fd = control_request(name, "spare", &text, reterr);
                if (fd == -ENXIO)
                        return error_hint(reterr, fd, "Enter it without a login: `nbox shell %s`.", name);
                if (fd < 0)
                        return fd;
                close_fd(fd);
                if (parse_u64(text, 64, &n) < 0 || n == 0)
                        return error_set(reterr, EPROTO, "The supervisor of machine '%s' gave no terminal", name);
                snprintf(request, sizeof(request), "attach %u", (unsigned) n);
                fd = control_request(name, request, NULL, &error);
                if (fd >= 0) {
                        *ret_n = n;
                        return fd;
                }
                if (fd != -EBUSY || tries == SPARE_TRIES) /* busy: another login was quicker */
                        return error_pass(reterr, fd, &error);
        }
}

static int start_on(const Machine *m, const char *tty, const char *const *argv, JoinStdio stdio, Joined *ret, Error **reterr) {
        JoinRequest q;

        inside_request(m, &q);
        q.argv = (char *const *) argv;
        q.stdio = stdio;
        q.tty = tty;
        q.chdir = "/";
        q.fds[0] = q.fds[1] = q.fds[2] = -1;
        return join_start(&q, ret, reterr);
}

/* The guest's getty, whichever it has (both open the terminal by themselves); failing that its login. */
static int start_getty(const Machine *m, uint64_t n, Joined *ret, Error **reterr) {
        const char *term = guest_own_term(), *name;
        char path[24];

        snprintf(path, sizeof(path), "/dev/tty%u", (unsigned) n);
        name = path + strlen("/dev/");
        const char *const agetty[] = { "agetty", "--noclear", name, term, NULL };
        const char *const getty[] = { "getty", "-L", "0", name, term, NULL };
        const char *const login[] = { "login", NULL };
        const struct {
                const char *const *argv;
                JoinStdio stdio;
        } ways[] = { { agetty, JOIN_STDIO }, { getty, JOIN_STDIO }, { login, JOIN_TTY } };

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = start_on(m, path, ways[i].argv, ways[i].stdio, ret, &error);

                if (r <= 0)
                        return r < 0 ? error_pass(reterr, r, &error) : 0;
        }
        error_set(reterr, ENOEXEC, "The machine '%s' has no getty and no login that could be executed", m->record->name);
        return error_hint(reterr, -ENOEXEC, "Enter it without a login: `nbox shell %s`.", m->record->name);
}

/* Leaving or a logout: either way the terminal is hung up by the supervisor, and what is on it ends. */
static int login_on_spare(const Machine *m, Error **reterr) {
        Joined j = { .pidfd = -1, .pty = -1 };
        AttachEnd end;
        uint64_t n = 0;
        int fd, r;

        fd = attach_spare(m->record->name, &n, reterr);
        if (fd < 0)
                return fd;
        r = start_getty(m, n, &j, reterr);
        if (r < 0)
                close_fd(fd);
        else
                r = attach_run(m->record->name, ATTACH_CONTROL, fd, j.pidfd, ATTACH_EOF_LEAVE, &end, reterr);
        joined_done(&j);
        return r;
}

static int parse_name(int argc, char **argv, int min, const char **ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, min, 1, reterr);
        if (r >= 0)
                *ret = args.operands[0];
        return r;
}

/* While a machine boots, its own gettys are yet to come: a second one on the same terminal would throw out whoever has logged
 * in on the first. */
static bool gettys_may_come(const Machine *m) {
        uint64_t wait = 0;
        Guest g;

        if (guest_open(&g, m->record->name, m->record->leader, m->leader_fd, NULL) < 0)
                return false;
        wait = guest_getty_wait(&g, init_identify(&g, init_known_of(m->record)));
        guest_done(&g);
        return clock_usec(CLOCK_REALTIME) - m->record->started_usec < wait;
}

/* A terminal where a getty waits; -ENXIO when there is none to be had. */
static int attach_login(const Machine *m, Error **reterr) {
        uint64_t deadline = clock_deadline(STARTING_USEC);

        for (;;) {
                _cleanup_(error_freep) Error *error = NULL;
                int fd = control_request(m->record->name, "attach login", NULL, &error);
                bool wait = fd == -EAGAIN ? clock_usec(CLOCK_MONOTONIC) < deadline : fd == -ENXIO && gettys_may_come(m);

                if (wait) {
                        clock_pause(RETRY_USEC);
                        continue;
                }
                if (fd == -EAGAIN || fd == -EBUSY)
                        fd = -ENXIO;
                return fd < 0 ? error_pass(reterr, fd, &error) : fd;
        }
}

int verb_login(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        const char *name = NULL;
        AttachEnd end;
        int r;

        r = parse_name(argc, argv, 0, &name, reterr);
        if (r < 0 || names_host(name))
                return r < 0 ? r : host_session_login(HOST_MACHINE, reterr);
        r = inside_open(name, &m, reterr);
        if (r < 0)
                return r;
        warn_of_locked_root(m);
        r = attach_login(m, &error);
        if (r == -ENXIO)
                return login_on_spare(m, reterr);
        if (r < 0)
                return error_pass(reterr, r, &error);
        return attach_run(name, ATTACH_CONTROL, r, -1, ATTACH_EOF_LEAVE, &end, reterr);
}

/* Its console, as soon as there is one. */
static int attach_console(const char *name, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = machine_open_wait(name, CONSOLE_WAIT_USEC, &m, reterr);

        if (r >= 0 && m->record->frozen)
                log_warning("The machine '%s' is frozen: nothing is written here, and nothing is read, until `nbox thaw %s`", name, name);
        return r < 0 ? r : control_request(name, "attach console", NULL, reterr);
}

/* Whether the machine whose console has closed goes on to another life. */
static bool lives_on(const char *name) {
        _cleanup_(machine_freep) Machine *m = NULL;

        return machine_find(name, &m, NULL) >= 0;
}

/* Who looks at it on a terminal sees a reboot as on a screen: the next life goes on below. Not with a stdin that has an end. */
int verb_console(int argc, char **argv, Error **reterr) {
        const char *name = NULL;
        AttachEnd end = ATTACH_END_PEER;
        int r;

        r = parse_name(argc, argv, 1, &name, reterr);
        while (r >= 0) {
                r = attach_console(name, reterr);
                if (r >= 0)
                        r = attach_run(name, ATTACH_CONTROL, r, -1, ATTACH_EOF_LEAVE, &end, reterr);
                if (r < 0 || end != ATTACH_END_PEER || !isatty(STDIN_FILENO) || !lives_on(name))
                        break;
                fprintf(stderr, "Machine %s reboots.\n", name);
        }
        return r;
}
