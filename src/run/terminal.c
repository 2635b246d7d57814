/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "clock.h"
#include "control.h"
#include "fd.h"
#include "pty.h"

#define CLIENTS_MAX 32
#define PENDING_MAX (64 * 1024) /* input that the guest has not read yet */
#define MASTER_EVENTS ((uint32_t) EPOLLIN | (uint32_t) EPOLLET) /* by edges: a hung up terminal is readable all the time */
#define READS_MAX 16 /* at a time */
#define STALL_USEC (10 * 1000)  /* how long the guest's output waits for a slow client, at a time */
#define STALLS_MAX 500          /* after so many in a row the client is let go, not the guest held */
#define REST_USEC (100 * 1000)  /* see must_rest() */
#define UNSEEN_RATE 10          /* bytes a µs */
#define UNSEEN_BURST (8 * 1024 * 1024) /* more than any boot has to say */
#define ROUND_COST 4096         /* of waking up, in bytes */
#define DISCARD_MAX 64          /* reads */
#define RESPAWN_USEC (3 * 1000 * 1000) /* how long an init takes to start the next getty: one second, where it waits at all */

typedef struct Client {
        int fd;
        unsigned stalls;
        EventSource *source;
} Client;

struct Terminal {
        EventLoop *event;
        EventSource *source; /* of the master */
        EventSource *retry;
        int master;
        bool exclusive;
        uint64_t getty_usec;   /* CLOCK_MONOTONIC: when a getty of the guest's own was first seen here; 0: never */
        bool output;           /* since the start or the last hang-up */
        uint64_t changed_usec; /* CLOCK_MONOTONIC: since when it is as it is: silent, or not */
        uint64_t counted_usec; /* of must_rest() */
        uint64_t credit;       /* likewise: bytes */
        Client clients[CLIENTS_MAX];
        size_t n_clients;
        char *ring; /* NULL: nothing was ever written */
        size_t ring_size, ring_start, ring_used;
        char *pending; /* NULL: nothing was ever typed */
        size_t n_pending;
        TerminalOutput on_output;
        void *userdata;
        TerminalOutput record;
        void *record_userdata;
};

static void set_output(Terminal *t, bool output) {
        if (t->output != output)
                t->changed_usec = clock_usec(CLOCK_MONOTONIC);
        t->output = output;
}

/* Most of a machine's terminals are never used, and their buffers were the most of what its supervisor has. */
static char *buffer(char **buf, size_t size) {
        if (!*buf)
                *buf = malloc(size);
        return *buf;
}

/* No more than the ring holds at a time. Without memory, nothing is kept for who comes later. */
static void ring_put(Terminal *t, const char *data, size_t size) {
        set_output(t, true);
        if (!buffer(&t->ring, t->ring_size))
                return;
        while (size > 0) {
                size_t at = (t->ring_start + t->ring_used) % t->ring_size, n = size < t->ring_size - at ? size : t->ring_size - at;

                memcpy(t->ring + at, data, n);
                t->ring_used += n;
                if (t->ring_used > t->ring_size) {
                        t->ring_start = (t->ring_start + t->ring_used - t->ring_size) % t->ring_size;
                        t->ring_used = t->ring_size;
                }
                data += n;
                size -= n;
        }
}

static int send_data(int fd, const char *data, size_t size) {
        char packet[1 + CONTROL_DATA_MAX];

        packet[0] = CONTROL_DATA;
        memcpy(packet + 1, data, size);
        return send(fd, packet, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* What one session typed or was shown is none of the next one's business: neither what the guest has not read yet, nor
 * what it wrote last. */
static void end_session(Terminal *t) {
        char buf[CONTROL_DATA_MAX];

        t->n_pending = 0;
        (void) pty_hangup(t->master);
        for (int i = 0; i < DISCARD_MAX && read(t->master, buf, sizeof(buf)) > 0; i++)
                ;
        t->ring_used = 0;
        set_output(t, false);
        t->changed_usec = clock_usec(CLOCK_MONOTONIC);
}

static void client_remove(Terminal *t, Client *c) {
        event_source_free(c->source);
        close_fd(c->fd);
        *c = t->clients[--t->n_clients];
        if (t->exclusive && t->n_clients == 0)
                end_session(t);
}

static Client *client_by_fd(Terminal *t, int fd) {
        for (size_t i = 0; i < t->n_clients; i++)
                if (t->clients[i].fd == fd)
                        return &t->clients[i];
        return NULL;
}

static bool input_has_room(const Terminal *t) {
        return PENDING_MAX - t->n_pending >= CONTROL_DATA_MAX;
}

/* What a guest does not read waits at its clients, and at last at the keyboard: a paste is not cut short. */
static void watch_clients(Terminal *t) {
        for (size_t i = 0; i < t->n_clients; i++)
                (void) event_source_set_io_events(t->clients[i].source, input_has_room(t) ? (uint32_t) EPOLLIN : 0U);
}

/* The master's input side: what does not fit now is kept and written when it can be. */
static void flush_pending(Terminal *t) {
        while (t->n_pending > 0) {
                ssize_t n = write(t->master, t->pending, t->n_pending);

                if (n <= 0)
                        break;
                memmove(t->pending, t->pending + n, t->n_pending - (size_t) n);
                t->n_pending -= (size_t) n;
        }
        if (t->source)
                (void) event_source_set_io_events(t->source, MASTER_EVENTS | (t->n_pending > 0 ? (uint32_t) EPOLLOUT : 0U));
        watch_clients(t);
}

static bool input(Terminal *t, const char *data, size_t size) {
        if (!buffer(&t->pending, PENDING_MAX))
                return false;
        memcpy(t->pending + t->n_pending, data, size);
        t->n_pending += size;
        flush_pending(t);
        return true;
}

static int on_client(_unused_ EventSource *source, int fd, uint32_t revents, void *userdata) {
        Terminal *t = userdata;
        Client *c = client_by_fd(t, fd);
        char packet[1 + CONTROL_DATA_MAX];
        ssize_t n;

        if (!c)
                return 0;
        if (!input_has_room(t)) {
                if (revents & (uint32_t) (EPOLLHUP | EPOLLERR))
                        client_remove(t, c);
                return 0;
        }
        n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM))
                return 0;
        if (n <= 0 || (packet[0] == CONTROL_DATA && !input(t, packet + 1, (size_t) n - 1))) {
                client_remove(t, c);
                return 0;
        }
        if (packet[0] == CONTROL_SIZE && n == 1 + 2 * (ssize_t) sizeof(uint16_t)) {
                uint16_t size[2];

                memcpy(size, packet + 1, sizeof(size));
                terminal_set_size(t, size[0], size[1]);
        }
        return 0;
}

static void spend(Terminal *t, uint64_t bytes) {
        t->credit -= bytes < t->credit ? bytes : t->credit;
}

/* Returns bytes read, 0 when there is nothing now, -EIO when nobody has the slave open. */
static ssize_t read_master(Terminal *t) {
        char buf[CONTROL_DATA_MAX];
        ssize_t n = read(t->master, buf, sizeof(buf));

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EIO;
        ring_put(t, buf, (size_t) n);
        if (t->on_output)
                t->on_output(!t->exclusive, buf, (size_t) n, t->userdata);
        if (t->record)
                t->record(!t->exclusive, buf, (size_t) n, t->record_userdata);
        spend(t, (uint64_t) n);
        for (size_t i = t->n_clients; i > 0; i--) {
                int r = send_data(t->clients[i - 1].fd, buf, (size_t) n);

                if (r < 0 && r != -EAGAIN && r != -ENOBUFS)
                        client_remove(t, &t->clients[i - 1]);
        }
        return n;
}

/* Nothing is lost on a client that reads, however slowly: what it has no room for stays in the pty for now. */
static bool clients_have_room(Terminal *t) {
        bool room = true;

        for (size_t i = t->n_clients; i > 0; i--) {
                Client *c = &t->clients[i - 1];
                struct pollfd p = { .fd = c->fd, .events = POLLOUT };

                if (poll(&p, 1, 0) == 1) {
                        c->stalls = 0;
                        continue;
                }
                if (++c->stalls > STALLS_MAX)
                        client_remove(t, c);
                else
                        room = false;
        }
        return room;
}

/* Nobody looks: then a guest that writes without end, or whose getty dies and comes back without end, gets this much of our
 * time, and not more. What it has written meanwhile waits in the pty, where the next vhangup(2) drops it: so this is not for what
 * comes in bursts, as a boot does. */
static bool must_rest(Terminal *t) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC), earned = now - t->counted_usec;

        t->credit = earned < UNSEEN_BURST ? t->credit + earned * UNSEEN_RATE : UNSEEN_BURST;
        if (t->credit > UNSEEN_BURST)
                t->credit = UNSEEN_BURST;
        t->counted_usec = now;
        if (t->n_clients == 0 && t->credit < ROUND_COST)
                return true;
        spend(t, ROUND_COST);
        return false;
}

static void look_again(Terminal *t, uint64_t usec) {
        (void) event_source_set_time_relative(t->retry, usec);
        (void) event_source_set_enabled(t->retry, EVENT_ONESHOT);
}

/* Read what is there. A terminal that nobody has open says EIO, which is no end: somebody may open it again, and then there is a
 * new edge. To wait for it by the clock would lose what is written just before a getty's vhangup(2), which drops it. */
static void pump(Terminal *t) {
        if (must_rest(t)) {
                (void) event_source_set_enabled(t->source, EVENT_OFF);
                look_again(t, REST_USEC);
                return;
        }
        for (int i = 0; i < READS_MAX; i++) {
                if (!clients_have_room(t)) {
                        look_again(t, STALL_USEC);
                        return;
                }
                if (read_master(t) <= 0)
                        return;
        }
        look_again(t, 0); /* a guest that writes without end is not all that there is to do */
}

static int on_retry(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        Terminal *t = userdata;

        (void) event_source_set_enabled(t->source, EVENT_ON);
        pump(t);
        return 0;
}

static int on_master(_unused_ EventSource *source, _unused_ int fd, uint32_t revents, void *userdata) {
        Terminal *t = userdata;

        if (revents & EPOLLOUT)
                flush_pending(t);
        pump(t);
        return 0;
}

int terminal_new(EventLoop *event, int master, size_t ring, bool exclusive, Terminal **ret, Error **reterr) {
        Terminal *t = calloc(1, sizeof(*t));
        int r;

        if (!t) {
                close_fd(master);
                return error_oom(reterr);
        }
        *t = (Terminal){ .event = event_loop_ref(event), .master = master, .exclusive = exclusive, .ring_size = ring };
        r = fd_set_nonblock(master, true);
        if (r >= 0)
                r = event_add_io(event, &t->source, master, MASTER_EVENTS, on_master, t);
        if (r >= 0)
                r = event_add_time_relative(event, &t->retry, 0, on_retry, t);
        if (r >= 0)
                r = event_source_set_enabled(t->retry, EVENT_OFF);
        if (r < 0) {
                terminal_free(t);
                return error_errno(reterr, r, "Cannot serve a terminal of the machine");
        }
        *ret = t;
        return 0;
}

Terminal *terminal_free(Terminal *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_clients; i++) {
                event_source_free(t->clients[i].source);
                close_fd(t->clients[i].fd);
        }
        event_source_free(t->source);
        event_source_free(t->retry);
        event_loop_unref(t->event);
        close_fd(t->master);
        free(t->ring);
        free(t->pending);
        free(t);
        return NULL;
}

/* Somebody has it as the controlling terminal: a getty that has asked, not a program that only wrote on it. */
static bool is_in_use(const Terminal *t) {
        pid_t group = 0;

        return ioctl(t->master, TIOCGPGRP, &group) >= 0 && group != 0;
}

TerminalUse terminal_use(Terminal *t) {
        uint64_t now = clock_usec(CLOCK_MONOTONIC);

        if (t->n_clients > 0)
                return t->getty_usec > 0 ? TERMINAL_TAKEN : TERMINAL_LENT;
        if (is_in_use(t)) {
                if (t->getty_usec == 0)
                        t->getty_usec = now;
                return t->output ? TERMINAL_GETTY : TERMINAL_STARTING;
        }
        if (t->getty_usec == 0)
                return t->output ? TERMINAL_WRITTEN : TERMINAL_SPARE;
        return now - t->changed_usec < RESPAWN_USEC ? TERMINAL_BETWEEN : TERMINAL_SILENT;
}

uint64_t terminal_getty_since(const Terminal *t) {
        return t->getty_usec;
}

int terminal_add_client(Terminal *t, int fd, Error **reterr) {
        Client *c = &t->clients[t->n_clients];
        int r;

        if (t->exclusive && t->n_clients > 0)
                return error_set(reterr, EBUSY, "Somebody is on that terminal already");
        if (t->n_clients == CLIENTS_MAX)
                return error_set(reterr, EUSERS, "There are %d clients on that terminal already", CLIENTS_MAX);
        *c = (Client){ .fd = fd };
        r = event_add_io(t->event, &c->source, fd, EPOLLIN, on_client, t);
        if (r < 0)
                return error_errno(reterr, r, "Cannot serve the client");
        t->n_clients++;
        if (t->n_pending > 0)
                watch_clients(t);

        for (size_t sent = 0; sent < t->ring_used;) {
                size_t at = (t->ring_start + sent) % t->ring_size, n = t->ring_size - at;

                if (n > t->ring_used - sent)
                        n = t->ring_used - sent;
                if (n > CONTROL_DATA_MAX)
                        n = CONTROL_DATA_MAX;
                if (send_data(fd, t->ring + at, n) < 0)
                        break;
                sent += n;
        }
        return 0;
}

bool terminal_has_client(const Terminal *t) {
        return t->n_clients > 0;
}

void terminal_set_size(Terminal *t, unsigned short rows, unsigned short columns) {
        (void) ioctl(t->master, TIOCSWINSZ, &(struct winsize){ .ws_row = rows, .ws_col = columns });
}

void terminal_watch(Terminal *t, TerminalOutput on_output, void *userdata) {
        t->on_output = on_output;
        t->userdata = userdata;
}

void terminal_record(Terminal *t, TerminalOutput on_output, void *userdata) {
        t->record = on_output;
        t->record_userdata = userdata;
}

size_t terminal_tail(const Terminal *t, char *buf, size_t size) {
        size_t n = size < t->ring_used ? size : t->ring_used;

        for (size_t i = 0; i < n; i++)
                buf[i] = t->ring[(t->ring_start + t->ring_used - n + i) % t->ring_size];
        return n;
}

void terminal_drain(Terminal *t) {
        while (read_master(t) > 0)
                ;
}
