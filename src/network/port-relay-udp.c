/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Datagrams. A client is who sends from one address and port to one of ours; each has a socket to the machine, so that answers find
 * their way back. Nobody says when a conversation is over: it is when nothing was said for a while, or when the room is needed.
 *
 * Where the machine refuses the first datagram (nobody listens there for IPv6), it is sent again by the other family. */

#include "port-relay-loop.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>

#define BURST 32       /* datagrams of one socket before another one's turn */
#define KEPT_MAX 2048U /* of a first datagram; a longer one is sent once only */

/* A client, and which address of ours it has written to: from there the answer comes. As the kernel says both. */
typedef struct Peer {
        struct sockaddr_storage address;
        socklen_t size;
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        } info;
        size_t info_size;
} Peer;

struct Session {
        RelayWatch watch;
        TAILQ_ENTRY(Session) list;
        Session *next; /* in its bucket */
        size_t listener;
        Peer client;
        unsigned target;
        bool answered;
        char *first; /* until it is answered */
        size_t n_first;
        uint64_t used; /* ms */
};

static Session **bucket_of(RelayLoop *loop, size_t listener, const Peer *client) {
        unsigned port = ((const struct sockaddr_in *) &client->address)->sin_port; /* IPv6 has it in the same place */

        return loop->buckets + (port * 31U + (unsigned) listener) % RELAY_BUCKETS;
}

static bool is_same(const Peer *a, const Peer *b) {
        return a->size == b->size && memcmp(&a->address, &b->address, a->size) == 0 && a->info_size == b->info_size &&
               memcmp(&a->info, &b->info, a->info_size) == 0;
}

static Session *find(RelayLoop *loop, size_t listener, const Peer *client) {
        for (Session *s = *bucket_of(loop, listener, client); s; s = s->next)
                if (s->listener == listener && is_same(&s->client, client))
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

static void send_to_client(const RelayLoop *loop, Session *s, size_t n) {
        struct iovec iov = { .iov_base = (char *) loop->scratch, .iov_len = n };
        struct msghdr m = {
                .msg_name = &s->client.address, .msg_namelen = s->client.size, .msg_iov = &iov, .msg_iovlen = 1,
                .msg_control = s->client.info_size > 0 ? &s->client.info : NULL, .msg_controllen = s->client.info_size,
        };

        (void) sendmsg(loop->q->listeners[s->listener], &m, MSG_NOSIGNAL);
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
                send_to_client(loop, s, (size_t) n);
        }
}

static Session *begin(RelayLoop *loop, size_t listener, const Peer *client) {
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

static void forward(RelayLoop *loop, size_t listener, const Peer *client, size_t n) {
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

/* By which interface it came is of no matter: the answer goes where the route leads. */
static void forget_interface(Peer *p) {
        if (p->info_size == 0)
                return;
        if (p->info.h.cmsg_level == IPPROTO_IPV6)
                ((struct in6_pktinfo *) CMSG_DATA(&p->info.h))->ipi6_ifindex = 0;
        else
                ((struct in_pktinfo *) CMSG_DATA(&p->info.h))->ipi_ifindex = 0;
}

void relay_udp_receive(RelayLoop *loop, size_t listener) {
        for (unsigned i = 0; i < BURST; i++) {
                Peer client = {};
                struct iovec iov = { .iov_base = loop->scratch, .iov_len = sizeof(loop->scratch) };
                struct msghdr m = {
                        .msg_name = &client.address, .msg_namelen = sizeof(client.address), .msg_iov = &iov, .msg_iovlen = 1,
                        .msg_control = &client.info, .msg_controllen = sizeof(client.info),
                };
                ssize_t n = recvmsg(loop->q->listeners[listener], &m, 0);

                if (n < 0)
                        return;
                client.size = m.msg_namelen;
                client.info_size = m.msg_controllen;
                forget_interface(&client);
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
