/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream-tee.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fd.h"
#include "machine-stream.h"
#include "process.h"

#define PIECE (256U * 1024)
#define PIPE_SIZE (1024 * 1024)
#define WAIT_MSEC 200
#define SURPLUS_MAX (64U * 1024) /* behind the end of the archive */

typedef struct Verdict {
        int code; /* 0 or -errno */
        char digest[DIGEST_HEX_SIZE];
} Verdict;

struct StreamTee {
        pid_t pid;
        int verdict; /* a pipe, out of which it comes at last */
};

/* ---- the process ---- */

/* The bytes that went by, but for the last ones, which may be the tail. */
typedef struct Passage {
        Digest *digest;
        uint8_t *data; /* the last `kept` bytes, and room for a piece behind them */
        size_t kept;
        size_t keep;   /* how many are kept back from the digest; 0: nothing has come yet */
        bool is_zstd;
} Passage;

static ssize_t read_some(int fd, void *data, size_t size) {
        ssize_t n;

        do
                n = read(fd, data, size);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

/* What a stream is compressed by is told by its first bytes, so that they are waited for. */
static ssize_t read_piece(const Passage *p, int from) {
        uint8_t *to = p->data + p->kept;
        size_t done = 0, least = p->keep > 0 ? 1 : 4;

        while (done < least) {
                ssize_t n = read_some(from, to + done, PIECE - done);

                if (n < 0)
                        return n;
                if (n == 0)
                        break;
                done += (size_t) n;
        }
        return (ssize_t) done;
}

static void account(Passage *p, size_t n) {
        size_t all = p->kept + n, done;

        if (p->keep == 0) {
                p->is_zstd = stream_is_zstd(p->data, n);
                p->keep = p->is_zstd ? STREAM_TAIL_ZSTD_SIZE : STREAM_TAIL_SIZE;
        }
        done = all > p->keep ? all - p->keep : 0;
        digest_add(p->digest, p->data, done);
        memmove(p->data, p->data + done, all - done);
        p->kept = all - done;
}

static int pass(Passage *p, int from, int to) {
        ssize_t n;
        int r;

        while ((n = read_piece(p, from)) > 0) {
                r = fd_write_all(to, p->data + p->kept, (size_t) n);
                if (r < 0)
                        return r;
                account(p, (size_t) n);
        }
        return (int) n;
}

static int check_tail(Passage *p, char ret[DIGEST_HEX_SIZE]) {
        uint8_t tail[STREAM_TAIL_MAX];
        size_t n;

        digest_end(p->digest, ret);
        n = stream_tail(ret, p->is_zstd, tail);
        return p->kept == n && memcmp(p->data, tail, n) == 0 ? 0 : -EBADMSG;
}

static Verdict run(Digest *digest, int from, int to) {
        Passage p = { .digest = digest, .data = malloc(STREAM_TAIL_MAX + PIECE) };
        Verdict v = { .code = p.data ? pass(&p, from, to) : -ENOMEM };

        if (v.code >= 0)
                v.code = check_tail(&p, v.digest);
        free(p.data);
        return v;
}

/* None of the locks and pipes of who started us is held by us when it ends. */
static int keep_only(const int fds[3], int first) {
        int moved[3];

        for (int i = 0; i < 3; i++)
                if ((moved[i] = fcntl(fds[i], F_DUPFD, first + 3)) < 0)
                        return -errno;
        for (int i = 0; i < 3; i++)
                if (dup2(moved[i], first + i) < 0)
                        return -errno;
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        return close_range((unsigned) first + 3, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void child(Digest *digest, const int fds[3], pid_t parent) {
        static const int from = 3, to = 4, verdict = 5;
        /* -EPIPE is told; who is cancelled by one of the others decides for us, too */
        static const int ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };
        Verdict v;

        process_reset_signals();
        for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
                (void) signal(ignored[i], SIG_IGN);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || keep_only(fds, from) < 0)
                _exit(1);
        v = run(digest, from, to);
        close(to); /* its reader reads the end before it asks us */
        (void) fd_write_all(verdict, &v, sizeof(v));
        _exit(0);
}

/* ---- who starts it ---- */

StreamTee *stream_tee_free(StreamTee *t) {
        if (!t)
                return NULL;
        if (t->pid > 0) {
                (void) kill(t->pid, SIGKILL);
                while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        close_fd(t->verdict);
        free(t);
        return NULL;
}

static int make_pipe(int *ret_in, int *ret_out, Error **reterr) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        *ret_out = ends[0];
        *ret_in = ends[1];
        return 0;
}

int stream_tee_open(int from, StreamTee **ret, int *ret_fd, Error **reterr) {
        _cleanup_(stream_tee_freep) StreamTee *t = calloc(1, sizeof(*t));
        _cleanup_close_ int bytes = -1, bytes_in = -1, verdict_in = -1;
        _cleanup_(digest_freep) Digest *digest = NULL;
        pid_t parent = getpid();
        int r;

        if (!t)
                return error_oom(reterr);
        t->verdict = -1;
        r = digest_new(&digest, reterr);
        if (r >= 0)
                r = make_pipe(&bytes_in, &bytes, reterr);
        if (r >= 0)
                r = make_pipe(&verdict_in, &t->verdict, reterr);
        if (r < 0)
                return r;
        (void) fcntl(bytes, F_SETPIPE_SZ, PIPE_SIZE);
        t->pid = fork();
        if (t->pid == 0)
                child(digest, (int[]){ from, bytes_in, verdict_in }, parent);
        if (t->pid < 0)
                return error_errno(reterr, errno, "Cannot start a process for the stream");
        *ret = TAKE_PTR(t);
        *ret_fd = TAKE_FD(bytes);
        return 0;
}

/* Until there is something to read, or its end. */
static int wait_for(int fd, const CopyWatch *watch) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        while (poll(&p, 1, WAIT_MSEC) <= 0)
                if (watch && watch->is_cancelled && watch->is_cancelled(watch->userdata))
                        return -ECANCELED;
        return 0;
}

/* Who reads an archive need not read all of the blocks that end it. -EBADMSG: there is far more. */
static int drain(int fd, const CopyWatch *watch) {
        size_t surplus = 0;
        char rest[4096];
        ssize_t n;
        int r;

        while ((r = wait_for(fd, watch)) >= 0 && (n = read_some(fd, rest, sizeof(rest))) != 0) {
                if (n < 0)
                        return (int) n;
                surplus += (size_t) n;
                if (surplus > SURPLUS_MAX)
                        return -EBADMSG;
        }
        return r;
}

/* -EIO: it was killed before it said anything. */
static int take_verdict(const StreamTee *t, const CopyWatch *watch, char ret[DIGEST_HEX_SIZE]) {
        int r = wait_for(t->verdict, watch);
        Verdict v;

        if (r < 0)
                return r;
        if (read_some(t->verdict, &v, sizeof(v)) != (ssize_t) sizeof(v))
                return -EIO;
        if (v.code >= 0)
                memcpy(ret, v.digest, sizeof(v.digest));
        return v.code;
}

int stream_tee_check(StreamTee *t, int fd, const CopyWatch *watch, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        int r = drain(fd, watch);

        if (r >= 0)
                r = take_verdict(t, watch, ret);
        if (r == -EBADMSG)
                return error_set(reterr, r, "The stream was cut off or damaged on its way: it has not the end that it should have");
        if (r == -ECANCELED)
                return error_set(reterr, r, "The receiving was interrupted");
        return r < 0 ? error_errno(reterr, r, "Cannot read the stream") : 0;
}
