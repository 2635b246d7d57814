/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream-tee.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "fd.h"
#include "machine-stream.h"
#include "process.h"

#define PIECE (256U * 1024)
#define PIPE_SIZE (1024 * 1024)
#define SURPLUS_MAX (64U * 1024) /* behind the end of the archive */

struct StreamTee {
        pid_t pid;
        int control; /* we write TEE_END to one that writes; each says at last a number: 0 or -errno */
};

#define TEE_END 'E'

/* ---- the process ---- */

/* The bytes that went by, but for the last ones, which may be the tail. */
typedef struct Passage {
        Digest *digest;
        uint8_t *data;  /* the last `kept` bytes, and room for a piece behind them */
        size_t kept;
        size_t keep;    /* how many are kept back from the digest */
        bool is_zstd;
        bool begun;
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
        size_t done = 0, least = p->begun ? 1 : 4;

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

static void begin(Passage *p, size_t n, bool is_read) {
        p->begun = true;
        p->is_zstd = stream_is_zstd(p->data, n);
        if (is_read)
                p->keep = p->is_zstd ? STREAM_TAIL_ZSTD_SIZE : STREAM_TAIL_SIZE;
}

static void account(Passage *p, size_t n) {
        size_t all = p->kept + n, done = all > p->keep ? all - p->keep : 0;

        digest_add(p->digest, p->data, done);
        memmove(p->data, p->data + done, all - done);
        p->kept = all - done;
}

static int pass(Passage *p, int from, int to, bool is_read) {
        ssize_t n;
        int r;

        while ((n = read_piece(p, from)) > 0) {
                r = fd_write_all(to, p->data + p->kept, (size_t) n);
                if (r < 0)
                        return r;
                if (!p->begun)
                        begin(p, (size_t) n, is_read);
                account(p, (size_t) n);
        }
        return (int) n;
}

static size_t make_tail(Passage *p, uint8_t tail[STREAM_TAIL_MAX]) {
        char hex[DIGEST_HEX_SIZE];

        digest_end(p->digest, hex);
        return stream_tail(hex, p->is_zstd, tail);
}

static int write_tail(Passage *p, int to, int control) {
        uint8_t tail[STREAM_TAIL_MAX];
        char word = 0;

        /* the end of what is to be written may also be that of who writes it */
        if (read_some(control, &word, 1) != 1 || word != TEE_END)
                return -ECANCELED;
        return fd_write_all(to, tail, make_tail(p, tail));
}

static int check_tail(Passage *p) {
        uint8_t tail[STREAM_TAIL_MAX];
        size_t n = make_tail(p, tail);

        return p->kept == n && memcmp(p->data, tail, n) == 0 ? 0 : -EBADMSG;
}

static int run(Digest *digest, int from, int to, int control, bool is_read) {
        Passage p = { .digest = digest, .data = malloc(STREAM_TAIL_MAX + PIECE) };
        int r = p.data ? pass(&p, from, to, is_read) : -ENOMEM;

        if (r >= 0)
                r = is_read ? check_tail(&p) : write_tail(&p, to, control);
        free(p.data);
        return r;
}

typedef struct Ends {
        int from, to, control;
} Ends;

static _Noreturn void child(Digest *digest, Ends e, bool is_read, pid_t parent) {
        static const int low = 3, ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };
        int r;

        process_reset_signals();
        /* -EPIPE is told; who is cancelled by one of the others decides for us, too */
        for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
                (void) signal(ignored[i], SIG_IGN);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(1);
        /* none of the locks and pipes of who started us outlives it in us */
        e.from = fcntl(e.from, F_DUPFD, 10);
        e.to = fcntl(e.to, F_DUPFD, 10);
        e.control = fcntl(e.control, F_DUPFD, 10);
        if (e.from < 0 || e.to < 0 || e.control < 0 || dup2(e.from, low) < 0 || dup2(e.to, low + 1) < 0 || dup2(e.control, low + 2) < 0 ||
            close_range((unsigned) low + 3, ~0U, 0) < 0)
                _exit(1);
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        r = run(digest, low, low + 1, low + 2, is_read);
        close(low + 1); /* who reads from it reads its end before it asks us */
        (void) fd_write_all(low + 2, &r, sizeof(r));
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
        close_fd(t->control);
        free(t);
        return NULL;
}

/* outer: where the stream comes from, or goes to; ends: of the pipe, one of which is the process's, and the other one the caller's. */
static int start(int outer, const int ends[2], bool is_read, StreamTee **ret, Error **reterr) {
        _cleanup_(stream_tee_freep) StreamTee *t = calloc(1, sizeof(*t));
        _cleanup_(digest_freep) Digest *digest = NULL;
        _cleanup_close_ int theirs = -1;
        pid_t parent = getpid();
        int pair[2], r;

        if (!t)
                return error_oom(reterr);
        t->control = -1;
        r = digest_new(&digest, reterr);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a pair of sockets");
        t->control = pair[0];
        theirs = pair[1];
        t->pid = fork();
        if (t->pid == 0)
                child(digest, is_read ? (Ends){ outer, ends[1], theirs } : (Ends){ ends[0], outer, theirs }, is_read, parent);
        if (t->pid < 0)
                return error_errno(reterr, errno, "Cannot start a process for the stream");
        *ret = TAKE_PTR(t);
        return 0;
}

static int begin_tee(int outer, bool is_read, StreamTee **ret, int *ret_fd, Error **reterr) {
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        (void) fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
        r = start(outer, ends, is_read, ret, reterr);
        close_fd(ends[is_read ? 1 : 0]);
        if (r < 0)
                close_fd(ends[is_read ? 0 : 1]);
        else
                *ret_fd = ends[is_read ? 0 : 1];
        return r;
}

int stream_tee_out(int to, StreamTee **ret, int *ret_fd, Error **reterr) {
        return begin_tee(to, false, ret, ret_fd, reterr);
}

int stream_tee_in(int from, StreamTee **ret, int *ret_fd, Error **reterr) {
        return begin_tee(from, true, ret, ret_fd, reterr);
}

/* What it says at last; -EIO: it was killed before. */
static int outcome(const StreamTee *t) {
        int r, n;

        do
                n = (int) recv(t->control, &r, sizeof(r), MSG_WAITALL);
        while (n < 0 && errno == EINTR);
        return n == (int) sizeof(r) ? r : -EIO;
}

int stream_tee_finish(StreamTee *t, int fd, Error **reterr) {
        int r = fd_write_all(t->control, &(char){ TEE_END }, 1);

        close_fd(fd);
        if (r >= 0)
                r = outcome(t);
        if (r == -EPIPE)
                return error_set(reterr, r, "The stream was closed by who reads it");
        return r < 0 ? error_errno(reterr, r, "Cannot write the end of the stream") : 0;
}

/* Who reads an archive need not read all of the blocks that end it. -EBADMSG: there is far more. */
static int drain(int fd) {
        size_t surplus = 0;
        char rest[4096];
        ssize_t n;

        while ((n = read_some(fd, rest, sizeof(rest))) > 0 && surplus <= SURPLUS_MAX)
                surplus += (size_t) n;
        return n > 0 ? -EBADMSG : (int) n;
}

int stream_tee_check(StreamTee *t, int fd, Error **reterr) {
        int r = drain(fd);

        if (r >= 0)
                r = outcome(t);
        if (r == -EBADMSG)
                return error_set(reterr, r, "The stream was cut off or damaged on its way: it has not the end that it should have");
        return r < 0 ? error_errno(reterr, r, "Cannot read the stream") : 0;
}
