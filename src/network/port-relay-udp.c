/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Datagrams. A client is who sends from one address and port to one of ours; each has a socket to the machine, so that answers find
 * their way back. Nobody says when a conversation is over: it is when nothing was said for a while, or when the room is needed.
 *
 * Where the machine refuses the first datagram (nobody listens there for IPv6), it is sent again by the other family. */

#include "port-relay-loop.h"

#include <string.h>
#include <sys/epoll.h>

#define BURST 32       /* datagrams of one socket before another one's turn */
#define KEPT_MAX 2048U /* of a first datagram; a longer one is sent once only */

struct Session {
        RelayWatch watch;
        TAILQ_ENTRY(Session) list;
        Session *next; /* in its bucket */
        size_t listener;
        struct sockaddr_in6 client;
        unsigned target;
        bool answered;
        char *first; /* until it is answered */
        size_t n_first;
        uint64_t used; /* ms */
};

static Session **bucket_of(RelayLoop *loop, size_t listener, const struct sockaddr_in6 *client) {
        return loop->buckets + (client->sin6_port * 31U + (unsigned) listener) % RELAY_BUCKETS;
}

static Session *find(RelayLoop *loop, size_t listener, const struct sockaddr_in6 *client) {
        for (Session *s = *bucket_of(loop, listener, client); s; s = s->next)
                if (s->listener == listener && s->client.sin6_port == client->sin6_port && s->client.sin6_scope_id == client->sin6_scope_id &&
                    memcmp(&s->client.sin6_addr, &client->sin6_addr, sizeof(client->sin6_addr)) == 0)
                        return s;
        return NULL;
}

static void end(RelayLoop *loop, Session *s) {
        Session **p = bucket_of(loop, s->listener, &s->client);

        while (*p != s)
                p = &(*p)->next;
        *p = s->next;
        TAILQ_REMOVE(&loop->sessions, s, list);
        close_fd(s->watch.fd);
        free(s->first);
        free(s);
        relay_count(loop, -1);
}

static void touch(RelayLoop *loop, Session *s) {
        s->used = loop->now;
        TAILQ_REMOVE(&loop->sessions, s, list);
        TAILQ_INSERT_HEAD(&loop->sessions, s, list);
}

static void forget_first(Session *s) {
        free(TAKE_PTR(s->first));
        s->n_first = 0;
}

static void on_answer(RelayLoop *loop, RelayWatch *w);

static int connect_session(RelayLoop *loop, Session *s) {
        int fd = relay_connect(loop, s->target, s->listener);

        while (fd < 0 && fd != -ENXIO && fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM)
                fd = relay_connect(loop, ++s->target, s->listener);
        if (fd < 0)
                return fd;
        s->watch = (RelayWatch){ .call = on_answer, .fd = fd };
        return relay_watch(loop, &s->watch, EPOLLIN);
}

/* Nobody is there, by this family. */
static void refused(RelayLoop *loop, Session *s) {
        if (s->answered || !s->first)
                return;
        close_fd(s->watch.fd);
        s->watch = (RelayWatch){ .fd = -1 };
        s->target++;
        if (connect_session(loop, s) < 0) {
                end(loop, s);
                return;
        }
        (void) send(s->watch.fd, s->first, s->n_first, MSG_NOSIGNAL);
        forget_first(s);
}

static void on_answer(RelayLoop *loop, RelayWatch *w) {
        Session *s = (Session *) w;

        for (unsigned i = 0; i < BURST; i++) {
                ssize_t n = recv(w->fd, loop->scratch, sizeof(loop->scratch), 0);

                if (n < 0) {
                        if (errno == ECONNREFUSED)
                                refused(loop, s);
                        return;
                }
                s->answered = true;
                forget_first(s);
                touch(loop, s);
                (void) sendto(loop->q->listeners[s->listener], loop->scratch, (size_t) n, MSG_NOSIGNAL, (struct sockaddr *) &s->client,
                              sizeof(s->client));
        }
}

static Session *begin(RelayLoop *loop, size_t listener, const struct sockaddr_in6 *client) {
        Session *s, **bucket = bucket_of(loop, listener, client);

        if (loop->n >= loop->q->limits.conversations)
                end(loop, TAILQ_LAST(&loop->sessions, SessionList));
        s = calloc(1, sizeof(*s));
        if (!s)
                return NULL;
        *s = (Session){ .watch.fd = -1, .listener = listener, .client = *client, .next = *bucket, .used = loop->now };
        *bucket = s;
        TAILQ_INSERT_HEAD(&loop->sessions, s, list);
        relay_count(loop, 1);
        if (connect_session(loop, s) < 0) {
                end(loop, s);
                return NULL;
        }
        return s;
}

static void remember_first(Session *s, const char *data, size_t n) {
        if (n > KEPT_MAX || n == 0)
                return;
        s->first = malloc(n);
        if (!s->first)
                return;
        memcpy(s->first, data, n);
        s->n_first = n;
}

static void forward(RelayLoop *loop, size_t listener, const struct sockaddr_in6 *client, size_t n) {
        Session *s = find(loop, listener, client);

        if (!s) {
                s = begin(loop, listener, client);
                if (!s)
                        return; /* as if it had been lost on its way */
                remember_first(s, loop->scratch, n);
        }
        touch(loop, s);
        if (send(s->watch.fd, loop->scratch, n, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED) /* of the one before */
                (void) send(s->watch.fd, loop->scratch, n, MSG_NOSIGNAL);
}

void relay_udp_receive(RelayLoop *loop, size_t listener) {
        for (unsigned i = 0; i < BURST; i++) {
                struct sockaddr_in6 client;
                socklen_t size = sizeof(client);
                ssize_t n = recvfrom(loop->q->listeners[listener], loop->scratch, sizeof(loop->scratch), 0, (struct sockaddr *) &client, &size);

                if (n < 0)
                        return;
                if (size == sizeof(client) && client.sin6_family == AF_INET6)
                        forward(loop, listener, &client, (size_t) n);
        }
}

void relay_udp_sweep(RelayLoop *loop) {
        Session *s;

        while ((s = TAILQ_LAST(&loop->sessions, SessionList)) && loop->now - s->used >= loop->q->limits.session_msec)
                end(loop, s);
}

void relay_udp_done(RelayLoop *loop) {
        while (!TAILQ_EMPTY(&loop->sessions))
                end(loop, TAILQ_FIRST(&loop->sessions));
}
