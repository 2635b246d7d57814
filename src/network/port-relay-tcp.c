/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Connections. What one side has sent goes to the other at once; what that does not take is kept, and nothing more is read until
 * it has: so the sender feels how slow the receiver is, and a connection costs two buffers at most, which it has only while it needs
 * them. An end is passed on as the end of that direction, a reset as a reset.
 *
 * A client is taken before the machine has been asked. One that is then refused is reset: it cannot be told so, and cannot know that it
 * should try another address, as programs do that find `localhost` to be ::1 and 127.0.0.1. That is why a service that listens on
 * one family only is looked for on both. */

#include "port-relay-loop.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>

#define CHUNK (32 * 1024) /* read at once, and so kept at most, for each direction */
#define CONNECT_TRIES 3   /* SYNs without an answer: 15 s */

typedef struct Side {
        RelayWatch watch;
        Connection *connection;
        bool ended; /* it has sent all that it has */
        bool told;  /* that the other has */
        char *kept; /* what it has not taken yet of what the other has sent; freed when it has */
        size_t n_kept, taken;
} Side;

struct Connection {
        TAILQ_ENTRY(Connection) list;
        Side client, server;
        size_t listener;
        unsigned target;  /* which is tried, or was found */
        bool established; /* with the machine */
        uint64_t used;    /* when something last went through, ms */
};

static Side *other(Side *s) {
        return s == &s->connection->client ? &s->connection->server : &s->connection->client;
}

static void side_done(Side *s, bool reset) {
        if (reset && s->watch.fd >= 0)
                (void) setsockopt(s->watch.fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
        s->watch.fd = close_fd(s->watch.fd);
        s->watch.events = 0;
        free(s->kept);
}

static void end(RelayLoop *loop, Connection *c, bool reset) {
        TAILQ_REMOVE(&loop->connections, c, list);
        side_done(&c->client, reset);
        side_done(&c->server, reset);
        free(c);
        relay_count(loop, -1);
}

/* Keeps what is at `data`, which was read just now. */
static int keep(Side *to, const char *data, size_t n) {
        to->kept = malloc(n);
        if (!to->kept)
                return -ENOMEM;
        memcpy(to->kept, data, n);
        to->n_kept = n;
        to->taken = 0;
        return 0;
}

static ssize_t give(Side *to, const char *data, size_t n) {
        ssize_t k = send(to->watch.fd, data, n, MSG_NOSIGNAL);

        if (k < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        return k;
}

/* All that `from` has sent has been taken: its end can be passed on. */
static int pass_end(Side *from) {
        Side *to = other(from);

        if (!from->ended || to->told || to->n_kept > 0)
                return 0;
        to->told = true;
        return shutdown(to->watch.fd, SHUT_WR) < 0 ? -errno : 0;
}

static int carry_from(RelayLoop *loop, Side *from) {
        Side *to = other(from);
        ssize_t n = recv(from->watch.fd, loop->scratch, CHUNK, 0), k;

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        from->connection->used = loop->now;
        if (n == 0) {
                from->ended = true;
                return pass_end(from);
        }
        k = give(to, loop->scratch, (size_t) n);
        if (k < 0)
                return (int) k;
        return k < n ? keep(to, loop->scratch + k, (size_t) (n - k)) : 0;
}

static int give_kept(RelayLoop *loop, Side *to) {
        ssize_t k = give(to, to->kept + to->taken, to->n_kept - to->taken);

        if (k < 0)
                return (int) k;
        if (k > 0)
                to->connection->used = loop->now;
        to->taken += (size_t) k;
        if (to->taken < to->n_kept)
                return 0;
        free(TAKE_PTR(to->kept));
        to->n_kept = 0;
        return pass_end(other(to));
}

/* What each is waited for now. */
static int watch_side(RelayLoop *loop, Side *s) {
        uint32_t events = s->n_kept > 0 ? EPOLLOUT : 0;

        if (!s->ended && other(s)->n_kept == 0)
                events |= EPOLLIN;
        return relay_watch(loop, &s->watch, events);
}

static void on_side(RelayLoop *loop, RelayWatch *w) {
        Side *s = (Side *) w;
        Connection *c = s->connection;
        int r = 0;

        if (s->n_kept > 0)
                r = give_kept(loop, s);
        if (r >= 0 && !s->ended && other(s)->n_kept == 0)
                r = carry_from(loop, s);
        if (r >= 0 && c->client.told && c->server.told) {
                end(loop, c, false);
                return;
        }
        if (r >= 0)
                r = watch_side(loop, &c->client);
        if (r >= 0)
                r = watch_side(loop, &c->server);
        if (r < 0)
                end(loop, c, true);
}

/* It is passed on as it comes; and a peer that has gone without a word is missed after a quarter of an hour. */
static void set_up(int fd) {
        static const struct {
                int level, option, value;
        } options[] = {
                { IPPROTO_TCP, TCP_NODELAY, 1 }, { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 600 },
                { IPPROTO_TCP, TCP_KEEPINTVL, 60 }, { IPPROTO_TCP, TCP_KEEPCNT, 5 },
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                (void) setsockopt(fd, options[i].level, options[i].option, &options[i].value, sizeof(int));
}

static void on_connected(RelayLoop *loop, RelayWatch *w);

/* The next of the machine's addresses that can be tried. */
static int try_target(RelayLoop *loop, Connection *c) {
        int fd;

        for (;; c->target++) {
                fd = relay_connect(loop, c->target, c->listener);
                if (fd == -ENXIO || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
                        return fd;
                if (fd >= 0)
                        break;
        }
        (void) setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &(int){ CONNECT_TRIES }, sizeof(int));
        set_up(fd);
        c->server.watch = (RelayWatch){ .call = on_connected, .fd = fd };
        return relay_watch(loop, &c->server.watch, EPOLLOUT);
}

static void on_connected(RelayLoop *loop, RelayWatch *w) {
        Connection *c = ((Side *) w)->connection;
        int error = 0, r = 0;
        socklen_t size = sizeof(error);

        if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error != 0) {
                close_fd(w->fd);
                *w = (RelayWatch){ .fd = -1 };
                c->target++;
                r = try_target(loop, c);
        } else {
                c->established = true;
                c->used = loop->now;
                c->client.watch.call = c->server.watch.call = on_side;
                r = watch_side(loop, &c->client);
                if (r >= 0)
                        r = watch_side(loop, &c->server);
        }
        if (r < 0)
                end(loop, c, true);
}

void relay_tcp_accept(RelayLoop *loop, size_t listener) {
        int fd = accept4(loop->q->listeners[listener], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        Connection *c;
        int r;

        if (fd < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                        relay_pause(loop);
                return;
        }
        c = calloc(1, sizeof(*c));
        if (!c) {
                close_fd(fd);
                relay_pause(loop);
                return;
        }
        set_up(fd);
        c->client = (Side){ .watch.fd = fd, .connection = c };
        c->server = (Side){ .watch.fd = -1, .connection = c };
        c->listener = listener;
        c->used = loop->now;
        TAILQ_INSERT_TAIL(&loop->connections, c, list);
        relay_count(loop, 1);
        r = try_target(loop, c);
        if (r < 0)
                end(loop, c, true);
}

/* A side that has ended, or gone without a word, and another that does not: neither sends nor takes anything. */
static bool is_stale(const RelayLoop *loop, const Connection *c) {
        return (c->client.ended || c->server.ended) && loop->now - c->used >= loop->q->limits.half_closed_msec;
}

void relay_tcp_sweep(RelayLoop *loop) {
        Connection *next;

        for (Connection *c = TAILQ_FIRST(&loop->connections); c; c = next) {
                next = TAILQ_NEXT(c, list);
                if (is_stale(loop, c))
                        end(loop, c, true);
        }
}

void relay_tcp_done(RelayLoop *loop) {
        while (!TAILQ_EMPTY(&loop->connections))
                end(loop, TAILQ_FIRST(&loop->connections), true);
}
