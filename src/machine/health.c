/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask-inside.h"
#include "fd.h"
#include "init-look.h"
#include "join.h"
#include "namespace.h"
#include "pidfd.h"

#define KILLED_WAIT_MSEC 500

typedef struct Question {
        InitKind kind;
        const char *const *argv;
        const char *const *at_once; /* not waiting for the end of its start */
        bool silence_is_good; /* it prints what is not well; else its status says so */
} Question;

static const char *const of_systemd[] = { "systemctl", "is-system-running", "--wait", NULL };
static const char *const of_systemd_now[] = { "systemctl", "is-system-running", NULL };
static const char *const of_openrc[] = { "rc-status", "--crashed", "--nocolor", NULL };

static const Question questions[] = {
        { INIT_SYSTEMD, of_systemd, of_systemd_now, false },
        { INIT_OPENRC, of_openrc, of_openrc, true },
        { INIT_BUSYBOX, of_openrc, of_openrc, true }, /* as often as not */
        { INIT_SYSVINIT, of_openrc, of_openrc, true },
};

static const Question *question_for(const MachineRecord *record, int leader_fd) {
        InitKind kind = record->mode == START_BOOT ? init_of_record(record, leader_fd) : INIT_AUTO;

        for (size_t i = 0; i < ELEMENTSOF(questions); i++)
                if (questions[i].kind == kind)
                        return questions + i;
        return NULL;
}

/* ---- the process that asks ---- */

/* What a guest says, for a terminal: words of plain letters on one line. */
static void make_plain(char *text) {
        size_t n = 0;

        for (const char *p = text; *p; p++) {
                bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr("-_.@", *p);

                if (plain)
                        text[n++] = *p;
                else if (n > 0 && text[n - 1] != ' ')
                        text[n++] = ' ';
        }
        while (n > 0 && text[n - 1] == ' ')
                n--;
        text[n] = 0;
}

HealthVerdict health_ask_init(const MachineRecord *record, int leader_fd, bool wait, uint64_t deadline, char words[HEALTH_WORDS_MAX]) {
        const Question *q = question_for(record, leader_fd);
        JoinRequest request = { .name = record->name, .leader = record->leader, .leader_fd = leader_fd, .record = record,
                                .labelled = record->selinux };
        AskAnswer a;

        *words = 0;
        if (!q)
                return HEALTH_GOOD;
        request.argv = (char *const *) (wait ? q->argv : q->at_once);
        if (ask_inside(&request, false, deadline, &a, NULL) != 0)
                return HEALTH_UNKNOWN;
        snprintf(words, HEALTH_WORDS_MAX, "%s", a.late ? "it does not answer in time" : a.words);
        make_plain(words);
        if (a.late)
                return HEALTH_BAD;
        if (a.status >= 128)
                return HEALTH_UNKNOWN;
        return (q->silence_is_good ? *words != 0 : a.status != 0) ? HEALTH_BAD : HEALTH_GOOD;
}

static _Noreturn void ask_main(const Machine *m, int answer, pid_t parent) {
        char words[HEALTH_WORDS_MAX] = "";
        HealthVerdict verdict;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || getppid() != parent ||
            ask_leave_descriptors(m->leader_fd, answer) < 0)
                _exit(HEALTH_UNKNOWN);
        verdict = health_ask_init(m->record, ASK_LEADER_FD, true, UINT64_MAX, words);
        (void) fd_write_all(ASK_ANSWER_FD, words, strlen(words));
        _exit((int) verdict);
}

/* ---- who wants to know ---- */

int health_begin(const Machine *m, HealthAsking *ret, Error **reterr) {
        _cleanup_close_ int out = -1, in = -1;
        pid_t parent = getpid(), pid;
        int pair[2], pidfd;

        *ret = (HealthAsking){ .pidfd = -1, .answer = -1 };
        if (!question_for(m->record, m->leader_fd))
                return 0;
        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        in = pair[0];
        out = pair[1];
        pid = clone_into(0, -1, &pidfd);
        if (pid == 0)
                ask_main(m, out, parent);
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot ask the init of '%s'", m->record->name);
        *ret = (HealthAsking){ .pidfd = pidfd, .answer = TAKE_FD(in) };
        return 0;
}

HealthVerdict health_end(HealthAsking *c, char words[HEALTH_WORDS_MAX]) {
        HealthVerdict verdict = HEALTH_UNKNOWN;
        siginfo_t info;
        ssize_t n;

        *words = 0;
        if (c->pidfd < 0)
                return HEALTH_GOOD;
        (void) pidfd_kill(c->pidfd, SIGKILL);
        /* One that waits for an answer of the guest's file system in user space may not end before it comes (process_end()). */
        if (poll(&(struct pollfd){ .fd = c->pidfd, .events = POLLIN }, 1, KILLED_WAIT_MSEC) > 0 && pidfd_wait(c->pidfd, &info) >= 0 && info.si_code == CLD_EXITED && info.si_status <= HEALTH_UNKNOWN)
                verdict = (HealthVerdict) info.si_status;
        n = read(c->answer, words, HEALTH_WORDS_MAX - 1);
        words[n > 0 ? n : 0] = 0;
        c->pidfd = close_fd(c->pidfd);
        c->answer = close_fd(c->answer);
        return verdict;
}
