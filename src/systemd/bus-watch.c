/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bus-watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fd.h"

/* What the connection waits for changes with each message that is sent, so it is asked before each time that the loop waits: for a moment
 * (a call's patience; now, for what has been read with an answer that was waited for), and for its descriptor. */
struct BusWatch {
        sd_bus *bus;
        EventLoop *loop;
        EventSource *moment, *io;
        ino_t socket; /* of io; another while the connection tries addresses */
};

static int process(BusWatch *w) {
        (void) sd_bus_process(w->bus, NULL); /* one that has broken off tells those who wait, and says so when it is asked what it waits for */
        return 0;
}

static int on_moment(_unused_ EventSource *source, _unused_ uint64_t usec, void *userdata) {
        return process(userdata);
}

static int on_io(_unused_ EventSource *source, _unused_ int fd, _unused_ uint32_t revents, void *userdata) {
        return process(userdata);
}

static void wait_for_nothing(BusWatch *w) {
        w->io = event_source_free(w->io);
        (void) event_source_set_enabled(w->moment, EVENT_OFF);
}

/* On a descriptor of our own: the connection closes its own when it breaks off, before we hear of it, and where a child has a copy of that, as one
 * has which does not run its guest yet, the kernel goes on to tell of it, and nobody could stop that any more. */
static int wait_for_io(BusWatch *w, int fd, int events) {
        uint32_t wanted = ((events & POLLIN) ? (uint32_t) EPOLLIN : 0U) | ((events & POLLOUT) ? (uint32_t) EPOLLOUT : 0U);
        _cleanup_close_ int own = -1;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (w->io && st.st_ino == w->socket)
                return event_source_set_io_events(w->io, wanted);
        w->io = event_source_free(w->io);
        own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (own < 0)
                return -errno;
        r = event_add_io(w->loop, &w->io, own, wanted, on_io, w);
        if (r < 0)
                return r;
        event_source_set_io_fd_own(w->io, true);
        own = -1;
        w->socket = st.st_ino;
        return 0;
}

static int prepare(_unused_ EventSource *source, void *userdata) {
        BusWatch *w = userdata;
        int fd = sd_bus_get_fd(w->bus), events = sd_bus_get_events(w->bus);
        uint64_t until;

        if (fd < 0 || events < 0 || sd_bus_get_timeout(w->bus, &until) < 0 || wait_for_io(w, fd, events) < 0) {
                wait_for_nothing(w);
                return 0;
        }
        (void) event_source_set_time(w->moment, until);
        return event_source_set_enabled(w->moment, EVENT_ONESHOT);
}

int bus_watch_new(sd_bus *bus, EventLoop *loop, BusWatch **ret) {
        BusWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        *w = (BusWatch){ .bus = bus, .loop = loop };
        r = event_add_time(loop, &w->moment, UINT64_MAX, on_moment, w);
        if (r < 0) {
                free(w);
                return r;
        }
        event_source_set_prepare(w->moment, prepare);
        *ret = w;
        return 0;
}

BusWatch *bus_watch_free(BusWatch *w) {
        if (!w)
                return NULL;
        event_source_free(w->io);
        event_source_free(w->moment);
        free(w);
        return NULL;
}
