/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health-helper.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "clock.h"
#include "exit-status.h"
#include "fd.h"
#include "health-http.h"
#include "health.h"
#include "join.h"
#include "namespace.h"
#include "ready-look.h"

/* As `nbox exec` runs it: as root of a machine that was booted. Of one that runs a command, as that runs: a check knows its environment. */
static HealthAnswer ask_command(const HealthHelper *h, const HealthCheck *c, uint64_t deadline, char words[ASK_WORDS_MAX]) {
        bool is_run = h->plan->mode == START_RUN;
        JoinRequest q = { .name = h->plan->name, .leader = h->leader, .leader_fd = ASK_LEADER_FD, .argv = c->ready.argv,
                          .user = is_run ? h->plan->user : NULL, .chdir = is_run ? h->plan->chdir : NULL,
                          .environment = is_run ? h->plan->environment : NULL, .labelled = h->record->selinux };
        AskAnswer a;
        int r = ask_inside(&q, true, deadline, &a, NULL);

        if (r < 0)
                return ANSWER_UNKNOWN;
        if (r == EXIT_NOT_FOUND || r == EXIT_CANNOT_EXECUTE)
                snprintf(words, ASK_WORDS_MAX, "it cannot be executed");
        else if (a.late)
                snprintf(words, ASK_WORDS_MAX, "no end in time");
        else if (a.status == 0)
                return ANSWER_GOOD;
        else
                snprintf(words, ASK_WORDS_MAX, "status %d%s%.*s", a.status, *a.words ? ": " : "", ASK_WORDS_MAX - 20, a.words);
        return ANSWER_BAD;
}

static HealthAnswer ask_port(const HealthHelper *h, const HealthCheck *c, char words[ASK_WORDS_MAX]) {
        ReadyUsers users = {};

        if (!plan_makes_network(h->plan))
                users = (ReadyUsers){ h->plan->uid_base, h->plan->uid_range };
        if (look_for_port(h->leader, c->ready.protocol, c->ready.port, &users))
                return ANSWER_GOOD;
        snprintf(words, ASK_WORDS_MAX, "nobody listens there");
        return ANSWER_BAD;
}

static HealthAnswer ask_init(const HealthHelper *h, uint64_t deadline, char words[ASK_WORDS_MAX]) {
        switch (health_ask_init(h->record, ASK_LEADER_FD, false, deadline, words)) {
        case HEALTH_GOOD:
                return ANSWER_GOOD;
        case HEALTH_BAD:
                return ANSWER_BAD;
        default:
                return ANSWER_UNKNOWN;
        }
}

static HealthAnswer ask(const HealthHelper *h, const HealthCheck *c, uint64_t deadline, char words[ASK_WORDS_MAX]) {
        switch (c->kind) {
        case CHECK_COMMAND:
                return ask_command(h, c, deadline, words);
        case CHECK_PORT:
                return ask_port(h, c, words);
        case CHECK_HTTP:
                return health_http(c, h->leader, ASK_LEADER_FD, deadline, words) ? ANSWER_GOOD : ANSWER_BAD;
        default:
                return ask_init(h, deadline, words);
        }
}

static void say(HealthAnswer answer, uint32_t check, const char *words) {
        HealthMessage m = { .answer = answer, .check = check };

        snprintf(m.words, sizeof(m.words), "%s", words);
        (void) fd_write_all(ASK_ANSWER_FD, &m, sizeof(m));
}

static _Noreturn void helper_main(const HealthHelper *h, int answer, pid_t parent) {
        uint64_t deadline = clock_deadline(h->plan->health_timeout_usec);
        HealthAnswer last = ANSWER_GOOD;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || getppid() != parent ||
            ask_leave_descriptors(h->leader_fd, answer) < 0)
                _exit(1);
        for (uint32_t i = 0; last == ANSWER_GOOD && i < h->plan->n_health; i++) {
                char words[ASK_WORDS_MAX] = "";

                say(ANSWER_NONE, i, "");
                last = ask(h, &h->plan->health[i], deadline, words);
                if (last != ANSWER_GOOD || i + 1 == h->plan->n_health)
                        say(last, i, words);
        }
        _exit(0);
}

int health_helper_start(const HealthHelper *h, int *ret_answer, Error **reterr) {
        _cleanup_close_ int out = -1, in = -1;
        pid_t parent = getpid(), pid;
        int pair[2], pidfd;

        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        in = pair[0];
        out = pair[1];
        pid = clone_into(0, -1, &pidfd);
        if (pid == 0)
                helper_main(h, out, parent);
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot start what asks for the health of '%s'", h->plan->name);
        *ret_answer = TAKE_FD(in);
        return pidfd;
}
