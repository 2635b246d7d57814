/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "init-look.h"
#include "join.h"
#include "namespace.h"
#include "pidfd.h"

#define LEADER_FD 3
#define ANSWER_FD 4
#define KILLED_WAIT_MSEC 500

typedef struct Question {
        InitKind kind;
        const char *const *argv;
        bool silence_is_good; /* it prints what is not well; else its status says so */
} Question;

static const char *const of_systemd[] = { "systemctl", "is-system-running", "--wait", NULL };
static const char *const of_openrc[] = { "rc-status", "--crashed", "--nocolor", NULL };

static const Question questions[] = {
        { INIT_SYSTEMD, of_systemd, false },
        { INIT_OPENRC, of_openrc, true },
        { INIT_BUSYBOX, of_openrc, true }, /* as often as not */
        { INIT_SYSVINIT, of_openrc, true },
};

static const Question *question_for(const Machine *m) {
        InitKind kind = m->record->mode == START_BOOT ? init_of_record(m->record, m->leader_fd) : INIT_AUTO;

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

/* Nothing is waited for but its end: others of the guest's may keep the pipe. */
static int ask(const Machine *m, const Question *q, char words[HEALTH_WORDS_MAX]) {
        JoinRequest request = { .name = m->record->name, .leader = m->record->leader, .leader_fd = LEADER_FD,
                                .argv = (char *const *) q->argv, .fds = { -1, -1, -1 }, .labelled = m->record->selinux };
        Joined j = { .pidfd = -1, .pty = -1 };
        int pair[2], status = -1;
        ssize_t n;

        if (pipe2(pair, O_CLOEXEC) < 0 || fd_set_nonblock(pair[0], true) < 0)
                return -1;
        request.fds[1] = pair[1];
        if (join_start(&request, &j, NULL) != 0)
                return -1;
        close_fd(pair[1]);
        while (poll(&(struct pollfd){ .fd = j.pidfd, .events = POLLIN }, 1, -1) < 0 && errno == EINTR)
                ;
        while (waitpid(j.pid, &status, 0) < 0 && errno == EINTR)
                ;
        n = read(pair[0], words, HEALTH_WORDS_MAX - 1);
        words[n > 0 ? n : 0] = 0;
        make_plain(words);
        if (!WIFEXITED(status))
                return -1;
        return q->silence_is_good ? *words != 0 : WEXITSTATUS(status) != 0;
}

static int leave_descriptors(int leader, int answer) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC), high = fcntl(answer, F_DUPFD_CLOEXEC, 10);

        if (null < 0 || high < 0)
                return -errno;
        leader = fcntl(leader, F_DUPFD_CLOEXEC, 10);
        for (int fd = 0; fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        return -errno;
        if (leader < 0 || dup3(leader, LEADER_FD, O_CLOEXEC) < 0 || dup3(high, ANSWER_FD, O_CLOEXEC) < 0)
                return -errno;
        return close_range(ANSWER_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void ask_main(const Machine *m, const Question *q, int answer, pid_t parent) {
        char words[HEALTH_WORDS_MAX] = "";
        int bad;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 || getppid() != parent ||
            leave_descriptors(m->leader_fd, answer) < 0)
                _exit(HEALTH_UNKNOWN);
        bad = ask(m, q, words);
        (void) fd_write_all(ANSWER_FD, words, strlen(words));
        _exit(bad < 0 ? HEALTH_UNKNOWN : bad ? HEALTH_BAD : HEALTH_GOOD);
}

/* ---- who wants to know ---- */

int health_begin(const Machine *m, HealthCheck *ret, Error **reterr) {
        _cleanup_close_ int out = -1, in = -1;
        const Question *q = question_for(m);
        pid_t parent = getpid(), pid;
        int pair[2], pidfd;

        *ret = (HealthCheck){ .pidfd = -1, .answer = -1 };
        if (!q)
                return 0;
        if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        in = pair[0];
        out = pair[1];
        pid = clone_into(0, -1, &pidfd);
        if (pid == 0)
                ask_main(m, q, out, parent);
        if (pid < 0)
                return error_errno(reterr, pid, "Cannot ask the init of '%s'", m->record->name);
        *ret = (HealthCheck){ .pidfd = pidfd, .answer = TAKE_FD(in) };
        return 0;
}

HealthVerdict health_end(HealthCheck *c, char words[HEALTH_WORDS_MAX]) {
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
