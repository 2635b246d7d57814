/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ask-inside.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "fd.h"

#define TAIL_SIZE 1024 /* of what it has said */

/* One command, and what it has said last. */
typedef struct Asking {
        Joined command;
        int output;           /* the pipe's end; -1: nobody reads it any more */
        size_t total;         /* bytes that have been read */
        char tail[2 * TAIL_SIZE];
        size_t used;
} Asking;

static bool is_text(char c) {
        return c > ' ' && c < 127;
}

/* From `text` to words, and whether that is all of it. */
static bool make_plain(const char *text, size_t size, char words[ASK_WORDS_MAX]) {
        size_t n = 0, i;

        for (i = 0; i < size && n < ASK_WORDS_MAX - 1; i++)
                if (is_text(text[i]))
                        words[n++] = text[i];
                else if (n > 0 && words[n - 1] != ' ')
                        words[n++] = ' ';
        words[n > 0 && words[n - 1] == ' ' ? n - 1 : n] = 0;
        return i == size;
}

void ask_words(const char *text, size_t size, char words[ASK_WORDS_MAX]) {
        size_t begin;

        while (size > 0 && !is_text(text[size - 1]))
                size--;
        if (make_plain(text, size, words))
                return;
        for (begin = size; begin > 0 && text[begin - 1] != '\n'; begin--)
                ;
        (void) make_plain(text + begin, size - begin, words);
}

static void keep(Asking *a, const char *data, size_t n) {
        if (a->used + n > sizeof(a->tail)) {
                memmove(a->tail, a->tail + a->used - TAIL_SIZE, TAIL_SIZE);
                a->used = TAIL_SIZE;
        }
        memcpy(a->tail + a->used, data, n);
        a->used += n;
}

/* What is there, but not for ever: its writer may be faster than we are. */
static void take_output(Asking *a) {
        char buf[TAIL_SIZE];
        ssize_t n;

        for (int i = 0; a->output >= 0 && i < 64; i++) {
                n = read(a->output, buf, sizeof(buf));
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n > 0) {
                        keep(a, buf, (size_t) n);
                        a->total += (size_t) n;
                }
                if (n <= 0 || a->total > ASK_OUTPUT_MAX)
                        a->output = close_fd(a->output);
        }
}

static int time_left(uint64_t deadline) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), left = now < deadline ? (deadline - now) / 1000 + 1 : 0;

        return deadline == UINT64_MAX ? -1 : left > INT_MAX ? INT_MAX : (int) left;
}

/* Whether it has ended in time. */
static bool attend(Asking *a, uint64_t deadline) {
        for (;;) {
                struct pollfd p[] = { { .fd = a->command.pidfd, .events = POLLIN }, { .fd = a->output, .events = POLLIN } };
                int left = time_left(deadline);

                if (left == 0 || (poll(p, 2, left) < 0 && errno != EINTR))
                        return false;
                if (p[1].revents)
                        take_output(a);
                if (p[0].revents) {
                        take_output(a); /* what it has said before it ended */
                        return true;
                }
        }
}

int ask_inside(const JoinRequest *request, bool errors, uint64_t deadline, AskAnswer *ret, Error **reterr) {
        Asking a = { .command = { .pidfd = -1, .pty = -1 }, .output = -1 };
        _cleanup_close_ int theirs = -1;
        JoinRequest q = *request;
        int pair[2], status = 0, r;

        *ret = (AskAnswer){};
        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        a.output = pair[0];
        theirs = pair[1];
        q.fds[0] = -1;
        q.fds[1] = theirs;
        q.fds[2] = errors ? theirs : -1;
        r = fd_set_nonblock(a.output, true);
        if (r >= 0)
                r = join_start(&q, &a.command, reterr);
        theirs = close_fd(theirs);
        if (r != 0) {
                close_fd(a.output);
                return r;
        }
        ret->late = !attend(&a, deadline);
        if (ret->late) {
                (void) kill(-a.command.pid, SIGKILL); /* not reaped yet: the number is still its own */
                (void) kill(a.command.pid, SIGKILL);
        }
        while (waitpid(a.command.pid, &status, 0) < 0 && errno == EINTR)
                ;
        joined_done(&a.command);
        close_fd(a.output);
        ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        ask_words(a.tail, a.used, ret->words);
        return 0;
}

int ask_leave_descriptors(int leader, int answer) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC), high = fcntl(answer, F_DUPFD_CLOEXEC, 10);

        if (null < 0 || high < 0)
                return -errno;
        leader = fcntl(leader, F_DUPFD_CLOEXEC, 10);
        for (int fd = 0; fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        return -errno;
        if (leader < 0 || dup3(leader, ASK_LEADER_FD, O_CLOEXEC) < 0 || dup3(high, ASK_ANSWER_FD, O_CLOEXEC) < 0)
                return -errno;
        return close_range(ASK_ANSWER_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}
