/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "control.h"
#include "fd.h"
#include "log.h"
#include "raw-terminal.h"

/* Two flows of bytes, each through one buffer: stdin -> peer and peer -> stdout. A flow is read only while its
 * buffer has room and written only while it holds something, so that a slow side slows down the other and nothing is
 * lost or grows.
 *
 * O_NONBLOCK belongs to an open file description, and that of our stdin is shared with the shell that started us: so
 * terminals and pipes are opened again through /proc/self/fd, and only the copy is made non-blocking. What cannot be
 * (sockets, files, a terminal of another user's) is used as it is: poll says when, and short writes do not block long.
 *
 * There is no epoll for regular files; for these a deferred source stands in, which is always ready. */

#define BUFFER_SIZE (4 * CONTROL_DATA_MAX)
#define QUIET_USEC (1000 * 1000)
#define FIRST_OUTPUT_USEC (3000 * 1000)
#define DRAIN_MSEC 1000

enum { WINCH, TSTP, CONT, SIGNALS };
static const int signals[SIGNALS] = { [WINCH] = SIGWINCH, [TSTP] = SIGTSTP, [CONT] = SIGCONT };

typedef struct Flow {
        char data[BUFFER_SIZE];
        size_t n;
        bool ended; /* no more will be read into it */
} Flow;

struct Attach {
        AttachPeer kind;
        AttachPolicy policy;
        EventLoop *event;
        int in, out, peer;
        EventSource *in_source, *out_source, *peer_source, *quiet_source, *first_source;
        EventSource *signal_sources[SIGNALS];
        Flow to_peer, to_out;
        EscapeState escape;
        RawTerminal raw;
        bool in_is_tty;
        bool held;          /* stdin is not read yet: see hold_input() */
        bool done;          /* nothing is copied any more */
        int unwritten;      /* why some of it was not, or 0 */
        sigset_t blocked;   /* those signals that it was us who blocked */
        unsigned depth;     /* handlers running: on_event may call attach_free(), memory stays until they return */
        bool freed;
};

/* An fd of our own on what fd is, non-blocking where that can be had without touching others. */
static int own_fd(int fd, int mode) {
        struct stat st;
        int copy;

        if (fstat(fd, &st) >= 0 && (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))) {
                copy = fd_reopen(fd, mode | O_NONBLOCK);
                if (copy >= 0)
                        return copy;
        }
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return copy < 0 ? -errno : copy;
}

static void report(Attach *a, AttachEnd what) {
        if (what != ATTACH_END_POWEROFF && what != ATTACH_END_REBOOT) {
                if (a->done)
                        return;
                a->done = true;
        }
        if (a->policy.on_event)
                a->policy.on_event(what, a->policy.userdata);
}

bool attach_window_size(struct winsize *ret) {
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, ret) >= 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, ret) >= 0;
}

static void send_size(Attach *a) {
        struct winsize ws;

        if (!attach_window_size(&ws))
                return;
        if (a->kind == ATTACH_PTY)
                (void) ioctl(a->peer, TIOCSWINSZ, &ws);
        else {
                char packet[1 + 2 * sizeof(uint16_t)] = { CONTROL_SIZE };
                uint16_t row = ws.ws_row, col = ws.ws_col;

                memcpy(packet + 1, &row, sizeof(row));
                memcpy(packet + 1 + sizeof(row), &col, sizeof(col));
                (void) send(a->peer, packet, sizeof(packet), MSG_NOSIGNAL | MSG_DONTWAIT);
        }
}

/* Bytes read, 0 at the end, -EAGAIN, or another error. */
static ssize_t peer_read(Attach *a, char *data, size_t room) {
        char packet[1 + CONTROL_DATA_MAX];
        ssize_t n;

        if (a->kind == ATTACH_PTY) {
                n = read(a->peer, data, room);
                if (n < 0 && errno == EIO) /* no slave is open any more */
                        return 0;
                return n < 0 ? -errno : n;
        }
        for (;;) {
                n = recv(a->peer, packet, sizeof(packet), MSG_DONTWAIT);
                if (n < 0)
                        return errno == ECONNRESET ? 0 : -errno;
                if (n == 0)
                        return 0;
                if (packet[0] != CONTROL_DATA || n == 1)
                        continue; /* a type of a later version */
                memcpy(data, packet + 1, (size_t) n - 1);
                return n - 1;
        }
}

static ssize_t peer_write(Attach *a, const char *data, size_t size) {
        char packet[1 + CONTROL_DATA_MAX] = { CONTROL_DATA };
        ssize_t n;

        if (a->kind == ATTACH_PTY) {
                n = write(a->peer, data, size);
                return n < 0 ? -errno : n;
        }
        if (size > CONTROL_DATA_MAX)
                size = CONTROL_DATA_MAX;
        memcpy(packet + 1, data, size);
        n = send(a->peer, packet, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        return n < 0 ? -errno : n - 1;
}

static void flow_consume(Flow *f, size_t n) {
        f->n -= n;
        memmove(f->data, f->data + n, f->n);
}

static bool transient(ssize_t r) {
        return r == -EAGAIN || r == -EINTR || r == -ENOBUFS || r == -ENOMEM;
}

/* Room that one more read is sure to fit into. */
static bool flow_wants(const Flow *f) {
        return !f->ended && sizeof(f->data) - f->n >= CONTROL_DATA_MAX;
}

static void stdin_ended(Attach *a) {
        a->to_peer.ended = true;
        if (a->in_is_tty)
                report(a, ATTACH_END_HANGUP);
        else if (a->policy.eof != ATTACH_EOF_IGNORE && a->to_peer.n < sizeof(a->to_peer.data))
                a->to_peer.data[a->to_peer.n++] = 4; /* VEOF as every terminal has it at first */
}

static void scan_keys(Attach *a, size_t from) {
        for (size_t i = from; i < a->to_peer.n && !a->done; i++) {
                EscapeKey key = escape_scan(&a->escape, a->to_peer.data[i], clock_usec(CLOCK_MONOTONIC), a->policy.power_keys);

                if (key == ESCAPE_NONE)
                        continue;
                memmove(a->to_peer.data + i, a->to_peer.data + i + 1, a->to_peer.n - i - 1);
                a->to_peer.n--;
                i--;
                report(a, key == ESCAPE_LEAVE ? ATTACH_END_LEFT : key == ESCAPE_POWEROFF ? ATTACH_END_POWEROFF : ATTACH_END_REBOOT);
        }
}

static void read_stdin(Attach *a) {
        size_t from = a->to_peer.n;
        ssize_t n;

        if (a->done || !flow_wants(&a->to_peer))
                return;
        n = read(a->in, a->to_peer.data + from, CONTROL_DATA_MAX);
        if (n < 0 && transient(-errno))
                return;
        if (n <= 0)
                return stdin_ended(a);
        a->to_peer.n += (size_t) n;
        if (a->in_is_tty)
                scan_keys(a, from);
}

static void flush_to_peer(Attach *a) {
        while (a->to_peer.n > 0) {
                ssize_t n = peer_write(a, a->to_peer.data, a->to_peer.n);

                if (transient(n))
                        return;
                if (n < 0) { /* its end is seen on the reading side, with what it still had to say */
                        a->to_peer.n = 0;
                        a->to_peer.ended = true;
                        return;
                }
                flow_consume(&a->to_peer, (size_t) n);
        }
}

static void read_peer(Attach *a) {
        while (flow_wants(&a->to_out)) {
                ssize_t n = peer_read(a, a->to_out.data + a->to_out.n, CONTROL_DATA_MAX);

                if (transient(n))
                        return;
                if (n <= 0) {
                        a->to_out.ended = true;
                        return;
                }
                a->to_out.n += (size_t) n;
                a->held = false;
                if (a->quiet_source)
                        (void) event_source_set_time_relative(a->quiet_source, QUIET_USEC);
        }
}

static void flush_to_out(Attach *a) {
        while (a->to_out.n > 0) {
                ssize_t n = write(a->out, a->to_out.data, a->to_out.n < PIPE_BUF ? a->to_out.n : PIPE_BUF);

                if (n < 0 && transient(-errno))
                        return;
                if (n < 0) { /* nobody listens: go on, so that the machine does not stall */
                        a->to_out.n = 0;
                        if (errno != EPIPE && errno != EIO && a->unwritten == 0)
                                a->unwritten = errno;
                        if (a->in_is_tty || errno == EPIPE)
                                report(a, ATTACH_END_HANGUP);
                        return;
                }
                flow_consume(&a->to_out, (size_t) n);
        }
}

static int on_quiet(_unused_ EventSource *s, _unused_ uint64_t usec, void *userdata) {
        report(userdata, ATTACH_END_LEFT);
        return 0;
}

static void watch_quiet(Attach *a) {
        if (a->quiet_source || a->policy.eof != ATTACH_EOF_LEAVE || !a->to_peer.ended || a->to_peer.n > 0)
                return;
        (void) event_add_time_relative(a->event, &a->quiet_source, QUIET_USEC, on_quiet, a);
}

/* A source is an io source or, for a regular file, a deferred one, which knows no events. */
static void set_ready(EventSource *s, uint32_t events) {
        if (!s)
                return;
        (void) event_source_set_io_events(s, events);
        (void) event_source_set_enabled(s, events ? EVENT_ON : EVENT_OFF);
}

static void update_sources(Attach *a) {
        bool in = !a->done && !a->held && flow_wants(&a->to_peer) && !a->policy.read_only;

        set_ready(a->in_source, in ? EPOLLIN : 0);
        set_ready(a->out_source, !a->done && a->to_out.n > 0 ? EPOLLOUT : 0);
        set_ready(a->peer_source, (uint32_t) ((!a->done && flow_wants(&a->to_out) ? EPOLLIN : 0) |
                                           (!a->done && a->to_peer.n > 0 ? EPOLLOUT : 0)));
}

static void leave_handler(Attach *a) {
        if (--a->depth == 0 && a->freed)
                free(a);
        else if (!a->freed)
                update_sources(a);
}

/* Move what can be moved. `a` may be gone afterwards. */
static void pump(Attach *a) {
        a->depth++;
        if (!a->done) {
                flush_to_peer(a);
                read_peer(a);
                flush_to_out(a);
        }
        if (!a->done)
                watch_quiet(a);
        if (!a->done && a->to_out.ended && a->to_out.n == 0)
                report(a, ATTACH_END_PEER);
        leave_handler(a);
}

static int on_stdin(_unused_ EventSource *s, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        Attach *a = userdata;

        a->depth++;
        read_stdin(a);
        if (!a->done)
                pump(a);
        leave_handler(a);
        return 0;
}

static int on_stdin_file(EventSource *s, void *userdata) {
        return on_stdin(s, -1, EPOLLIN, userdata);
}

static int on_other(_unused_ EventSource *s, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        pump(userdata);
        return 0;
}

static int on_out_file(_unused_ EventSource *s, void *userdata) {
        pump(userdata);
        return 0;
}

static int make_raw(Attach *a) {
        return a->policy.read_only || !a->in_is_tty ? 0 : raw_terminal_enter(&a->raw);
}

/* By the signal itself: the kernel does not stop who has no shell that could let it go on. */
static void stop_here(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTSTP);
        (void) raise(SIGTSTP);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
}

/* A shell that lets us go on does not put the terminal back as we had it. */
static int on_signal(_unused_ EventSource *s, const struct signalfd_siginfo *si, void *userdata) {
        Attach *a = userdata;

        if (a->done)
                return 0;
        if (si->ssi_signo == SIGTSTP) {
                raw_terminal_leave(&a->raw);
                stop_here();
        }
        if (si->ssi_signo != SIGWINCH)
                (void) make_raw(a);
        send_size(a);
        return 0;
}

static int on_first(_unused_ EventSource *s, _unused_ uint64_t usec, void *userdata) {
        Attach *a = userdata;

        a->held = false;
        update_sources(a);
        return 0;
}

/* A getty throws away what was typed before it asked. So a script's input to a login waits for the first output. */
static int hold_input(Attach *a) {
        if (a->in_is_tty || a->policy.eof != ATTACH_EOF_LEAVE)
                return 0;
        a->held = true;
        return event_add_time_relative(a->event, &a->first_source, FIRST_OUTPUT_USEC, on_first, a);
}

static int add_sources(Attach *a) {
        int r;

        if (!a->policy.read_only) {
                r = event_add_io(a->event, &a->in_source, a->in, EPOLLIN, on_stdin, a);
                if (r == -EPERM)
                        r = event_add_defer(a->event, &a->in_source, on_stdin_file, a);
                if (r < 0)
                        return r;
        }
        r = event_add_io(a->event, &a->out_source, a->out, 0, on_other, a);
        if (r == -EPERM)
                r = event_add_defer(a->event, &a->out_source, on_out_file, a);
        if (r < 0)
                return r;
        r = event_add_io(a->event, &a->peer_source, a->peer, EPOLLIN, on_other, a);
        for (size_t i = 0; r >= 0 && i < SIGNALS; i++)
                r = event_add_signal(a->event, &a->signal_sources[i], signals[i], on_signal, a);
        return r;
}

static void block_signals(Attach *a) {
        sigset_t old;

        sigemptyset(&a->blocked);
        if (sigprocmask(SIG_SETMASK, NULL, &old) < 0)
                return;
        for (size_t i = 0; i < SIGNALS; i++)
                if (sigismember(&old, signals[i]) == 0)
                        sigaddset(&a->blocked, signals[i]);
        (void) sigprocmask(SIG_BLOCK, &a->blocked, NULL);
}

int attach_new(EventLoop *event, AttachPeer kind, int peer, const AttachPolicy *policy, Attach **ret, Error **reterr) {
        _cleanup_close_ int owned = peer;
        Attach *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return error_oom(reterr);
        a->kind = kind;
        a->policy = *policy;
        a->event = event_loop_ref(event);
        a->peer = TAKE_FD(owned);
        a->in = own_fd(STDIN_FILENO, O_RDONLY);
        a->out = own_fd(STDOUT_FILENO, O_WRONLY);
        block_signals(a);

        r = a->in < 0 ? a->in : a->out < 0 ? a->out : fd_set_nonblock(a->peer, true);
        a->in_is_tty = a->in >= 0 && (isatty(a->in) || errno == EIO); /* a terminal that does not answer is one */
        a->raw = (RawTerminal){ .in = a->in, .out = a->out };
        if (r >= 0)
                r = add_sources(a);
        if (r >= 0)
                r = hold_input(a);
        if (r >= 0)
                r = make_raw(a);
        if (r < 0) {
                attach_free(a);
                return error_errno(reterr, r, "Cannot connect this terminal to the machine's");
        }
        send_size(a);
        update_sources(a);
        *ret = a;
        return 0;
}

void attach_drain(Attach *a) {
        uint64_t end = clock_deadline(DRAIN_MSEC * 1000);

        do {
                read_peer(a);
                flush_to_out(a);
                if (a->to_out.n == 0 && !flow_wants(&a->to_out))
                        return;
                if (a->to_out.n == 0) { /* nothing came in this round: all was there */
                        read_peer(a);
                        if (a->to_out.n == 0)
                                return;
                } else
                        (void) poll(&(struct pollfd){ .fd = a->out, .events = POLLOUT }, 1, 50);
        } while (clock_usec(CLOCK_MONOTONIC) < end);
}

Attach *attach_free(Attach *a) {
        if (!a || a->freed)
                return NULL;
        a->done = true;
        raw_terminal_leave(&a->raw);
        if (a->unwritten > 0)
                log_warning("Not all that came from the machine could be written: %s", strerror(a->unwritten));
        event_source_free(a->in_source);
        event_source_free(a->out_source);
        event_source_free(a->peer_source);
        event_source_free(a->quiet_source);
        event_source_free(a->first_source);
        for (size_t i = 0; i < SIGNALS; i++)
                event_source_free(a->signal_sources[i]);
        (void) sigprocmask(SIG_UNBLOCK, &a->blocked, NULL);
        event_loop_unref(a->event);
        close_fd(a->in);
        close_fd(a->out);
        close_fd(a->peer);
        a->freed = true;
        if (a->depth == 0)
                free(a);
        return NULL;
}
