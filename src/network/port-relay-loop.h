/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "port-relay.h"

/* What the parts of a relay share: port-relay.c has the loop, port-relay-tcp.c and port-relay-udp.c what is done in it.
 *
 * Of the loop's events one is taken at a time: what its handling frees cannot come up again in the same batch. */

typedef struct RelayLoop RelayLoop;
typedef struct RelayWatch RelayWatch;

/* A descriptor in the loop; the first member of what it belongs to. */
struct RelayWatch {
        void (*call)(RelayLoop *loop, RelayWatch *w);
        int fd;
        uint32_t events; /* EPOLLIN, EPOLLOUT; 0: it is not watched, nor are its errors, which whoever next reads or writes it meets */
};

typedef struct Connection Connection;
typedef struct Session Session;
TAILQ_HEAD(ConnectionList, Connection);
TAILQ_HEAD(SessionList, Session);

#define RELAY_BUCKETS 256
#define RELAY_SCRATCH (64 * 1024)

struct RelayLoop {
        const PortRelay *q;
        int epoll;
        RelayWatch listeners; /* an epoll of their own, so that all are switched on and off at once */
        bool paused;          /* for want of descriptors or memory: until the next turn that nothing else happens in */
        uint64_t now;         /* CLOCK_MONOTONIC, ms */
        uint64_t swept;
        unsigned n;           /* conversations */
        struct ConnectionList connections;
        struct SessionList sessions;            /* the one heard of last comes first */
        Session *buckets[RELAY_BUCKETS];
        char scratch[RELAY_SCRATCH];
};

/* Watch for that, or (0) no longer. 0 or -errno. */
int relay_watch(RelayLoop *loop, RelayWatch *w, uint32_t events);

/* A socket to the machine's nth target, non-blocking, of which connect(2) has been called; or -errno. -ENXIO: there are no more. */
int relay_connect(const RelayLoop *loop, unsigned nth, size_t listener);

/* A conversation begins or ends: at the limit no new connection is taken. */
void relay_count(RelayLoop *loop, int change);

/* Neither descriptors nor memory are to be had. */
void relay_pause(RelayLoop *loop);

/* Somebody wants something of a listener. */
void relay_tcp_accept(RelayLoop *loop, size_t listener);
void relay_udp_receive(RelayLoop *loop, size_t listener);

/* End what has been silent for too long. */
void relay_tcp_sweep(RelayLoop *loop);
void relay_udp_sweep(RelayLoop *loop);

/* End all. */
void relay_tcp_done(RelayLoop *loop);
void relay_udp_done(RelayLoop *loop);
