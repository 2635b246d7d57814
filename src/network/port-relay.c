/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "port-relay-loop.h"

#include <string.h>
#include <sys/epoll.h>

#include "clock.h"

#define PAUSE_MSEC 100

static uint64_t now_msec(void) {
        return clock_usec(CLOCK_MONOTONIC) / 1000;
}

int relay_watch(RelayLoop *loop, RelayWatch *w, uint32_t events) {
        struct epoll_event event = { .events = events, .data.ptr = w };
        int op = w->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

        if (events == w->events)
                return 0;
        if (epoll_ctl(loop->epoll, op, w->fd, &event) < 0)
                return -errno;
        w->events = events;
        return 0;
}

static socklen_t target_address(const IpAddress *target, uint16_t port, struct sockaddr_storage *ret) {
        *ret = (struct sockaddr_storage){};
        if (target->family == AF_INET6) {
                *(struct sockaddr_in6 *) ret = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = target->v6 };
                return sizeof(struct sockaddr_in6);
        }
        *(struct sockaddr_in *) ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(target->v4) };
        return sizeof(struct sockaddr_in);
}

int relay_connect(const RelayLoop *loop, unsigned nth, size_t listener) {
        bool udp = loop->q->protocol == IPPROTO_UDP;
        _cleanup_close_ int fd = -1;
        const IpAddress *target;
        struct sockaddr_storage address;
        socklen_t size;

        if (nth >= ELEMENTSOF(loop->q->targets))
                return -ENXIO;
        target = loop->q->targets + nth;
        if (target->family == 0)
                return -EAFNOSUPPORT;
        fd = socket(target->family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, loop->q->device, (socklen_t) strlen(loop->q->device)) < 0)
                return -errno;
        size = target_address(target, (uint16_t) (loop->q->port + listener), &address);
        if (connect(fd, (struct sockaddr *) &address, size) < 0 && errno != EINPROGRESS)
                return -errno;
        return TAKE_FD(fd);
}

static void watch_listeners(RelayLoop *loop) {
        bool full = loop->q->protocol == IPPROTO_TCP && loop->n >= loop->q->limits.conversations;

        (void) relay_watch(loop, &loop->listeners, full || loop->paused ? 0 : EPOLLIN);
}

void relay_count(RelayLoop *loop, int change) {
        loop->n += (unsigned) change;
        watch_listeners(loop);
}

void relay_pause(RelayLoop *loop) {
        loop->paused = true;
        watch_listeners(loop);
}

static void on_listener(RelayLoop *loop, RelayWatch *w) {
        struct epoll_event event;

        if (epoll_wait(w->fd, &event, 1, 0) <= 0)
                return;
        if (loop->q->protocol == IPPROTO_UDP)
                relay_udp_receive(loop, event.data.u32);
        else
                relay_tcp_accept(loop, event.data.u32);
}

static int begin(RelayLoop *loop) {
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
        loop->listeners = (RelayWatch){ .call = on_listener, .fd = epoll_create1(EPOLL_CLOEXEC) };
        if (loop->epoll < 0 || loop->listeners.fd < 0)
                return -EMFILE;
        for (size_t i = 0; i < loop->q->n; i++) {
                struct epoll_event event = { .events = EPOLLIN, .data.u32 = (uint32_t) i };

                if (loop->q->listeners[i] >= 0 && epoll_ctl(loop->listeners.fd, EPOLL_CTL_ADD, loop->q->listeners[i], &event) < 0)
                        return -errno;
        }
        loop->now = loop->swept = now_msec();
        return relay_watch(loop, &loop->listeners, EPOLLIN);
}

static unsigned sweep_msec(const PortRelayLimits *limits) {
        return (limits->session_msec < limits->half_closed_msec ? limits->session_msec : limits->half_closed_msec) / 4;
}

static int patience(const RelayLoop *loop) {
        if (loop->paused)
                return PAUSE_MSEC;
        return (int) (loop->n > 0 ? sweep_msec(&loop->q->limits) : loop->q->limits.idle_msec);
}

/* 1: it is over. */
static int turn(RelayLoop *loop) {
        struct epoll_event event;
        int n = epoll_wait(loop->epoll, &event, 1, patience(loop));
        RelayWatch *w;

        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        loop->now = now_msec();
        if (n > 0) {
                w = event.data.ptr;
                w->call(loop, w);
        } else if (loop->paused) {
                loop->paused = false;
                watch_listeners(loop);
        } else if (loop->n == 0)
                return 1;
        if (loop->now - loop->swept >= sweep_msec(&loop->q->limits)) {
                loop->swept = loop->now;
                relay_tcp_sweep(loop);
                relay_udp_sweep(loop);
        }
        return 0;
}

int port_relay_run(const PortRelay *q) {
        RelayLoop *loop = calloc(1, sizeof(*loop));
        int r;

        if (!loop)
                return -ENOMEM;
        loop->q = q;
        TAILQ_INIT(&loop->connections);
        TAILQ_INIT(&loop->sessions);
        r = begin(loop);
        while (r == 0)
                r = turn(loop);
        relay_tcp_done(loop);
        relay_udp_done(loop);
        close_fd(loop->listeners.fd);
        close_fd(loop->epoll);
        free(loop);
        return r < 0 ? r : 0;
}
