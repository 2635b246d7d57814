/* SPDX-License-Identifier: GPL-2.0-or-later */

/* epoll tells of one descriptor at a time, so that no list of what has happened is kept, in which a handler could leave something that is gone
 * already; it takes those that are ready in turn by itself. Moments and descriptors take turns, too, and of several moments that have come it
 * is that one which has waited longest: nobody who is always ready keeps the others from being heard. Signals come by one signalfd. */

#include "event-loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>

#include "clock.h"

#define USEC_PER_MSEC UINT64_C(1000)

typedef enum SourceKind {
        SOURCE_IO,
        SOURCE_TIME,
        SOURCE_DEFER,
        SOURCE_SIGNAL,
        SOURCE_KINDS,
} SourceKind;

struct EventSource {
        EventLoop *loop;
        EventSource *next, *previous; /* of its kind */
        SourceKind kind;
        EventEnabled enabled;
        union {
                EventIoHandler on_io;
                EventTimeHandler on_time;
                EventSignalHandler on_signal;
                EventHandler on_defer;
        };
        EventHandler prepare;
        void *userdata;
        unsigned running;  /* calls of its handler that have not returned */
        bool floating;     /* the loop's */
        bool freed;        /* but its handler runs */
        int fd;            /* SOURCE_IO */
        bool owns_fd, polled;
        uint32_t events;
        uint64_t due;      /* SOURCE_TIME */
        uint64_t round;    /* SOURCE_TIME, SOURCE_DEFER: when it was called last */
        int sig;           /* SOURCE_SIGNAL */
};

struct EventLoop {
        unsigned refs;
        int epoll, signal_fd;
        sigset_t signals;
        EventSource *sources[SOURCE_KINDS];
        unsigned n_prepares;
        uint64_t round;
        bool moment_was_last;
        bool exiting;
        int code;
};

/* ---- the loop's life ---- */

int event_loop_new(EventLoop **ret) {
        EventLoop *loop = calloc(1, sizeof(*loop));
        int r;

        if (!loop)
                return -ENOMEM;
        loop->refs = 1;
        loop->signal_fd = -1;
        sigemptyset(&loop->signals);
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll < 0) {
                r = -errno;
                free(loop);
                return r;
        }
        *ret = loop;
        return 0;
}

EventLoop *event_loop_ref(EventLoop *loop) {
        loop->refs++;
        return loop;
}

static void unlink_source(EventSource *s) {
        if (s->previous)
                s->previous->next = s->next;
        else
                s->loop->sources[s->kind] = s->next;
        if (s->next)
                s->next->previous = s->previous;
}

EventLoop *event_loop_unref(EventLoop *loop) {
        if (!loop || --loop->refs > 0)
                return NULL;
        /* What is left is its own: who owns a source has it as well. */
        loop->refs = 1;
        for (SourceKind kind = 0; kind < SOURCE_KINDS; kind++)
                while (loop->sources[kind])
                        event_source_free(loop->sources[kind]);
        close_fd(loop->signal_fd);
        close_fd(loop->epoll);
        free(loop);
        return NULL;
}

int event_exit(EventLoop *loop, int code) {
        loop->exiting = true;
        loop->code = code;
        return 0;
}

int event_loop(EventLoop *loop) {
        int r = 0;

        event_loop_ref(loop);
        while (!loop->exiting && r >= 0)
                r = event_run(loop, UINT64_MAX);
        r = loop->exiting ? loop->code : r;
        event_loop_unref(loop);
        return r;
}

/* ---- sources ---- */

static int add(EventLoop *loop, SourceKind kind, EventEnabled enabled, void *userdata, EventSource **ret) {
        EventSource *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (EventSource){ .loop = loop, .kind = kind, .enabled = enabled, .userdata = userdata, .next = loop->sources[kind], .fd = -1 };
        if (s->next)
                s->next->previous = s;
        loop->sources[kind] = s;
        event_loop_ref(loop);
        *ret = s;
        return 0;
}

/* To the caller, or to the loop, which then has no reference of it. */
static int give(EventSource *s, EventSource **ret) {
        if (ret)
                *ret = s;
        else
                event_source_set_floating(s);
        return 0;
}

void event_source_set_floating(EventSource *s) {
        if (s->floating)
                return;
        s->floating = true;
        s->loop->refs--; /* who calls this has another */
}

static int poll_source(EventSource *s) {
        struct epoll_event e = { .events = s->events, .data.ptr = s };

        if (epoll_ctl(s->loop->epoll, s->polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, &e) < 0)
                return -errno;
        s->polled = true;
        return 0;
}

static void unpoll_source(EventSource *s) {
        if (s->polled)
                (void) epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
        s->polled = false;
}

int event_add_io(EventLoop *loop, EventSource **ret, int fd, uint32_t events, EventIoHandler handler, void *userdata) {
        EventSource *s;
        int r = add(loop, SOURCE_IO, EVENT_ON, userdata, &s);

        if (r < 0)
                return r;
        s->fd = fd;
        s->events = events;
        s->on_io = handler;
        r = poll_source(s);
        if (r < 0) {
                event_source_free(s);
                return r;
        }
        return give(s, ret);
}

int event_add_time(EventLoop *loop, EventSource **ret, uint64_t usec, EventTimeHandler handler, void *userdata) {
        EventSource *s;
        int r = add(loop, SOURCE_TIME, EVENT_ONESHOT, userdata, &s);

        if (r < 0)
                return r;
        s->due = usec;
        s->on_time = handler;
        return give(s, ret);
}

int event_add_time_relative(EventLoop *loop, EventSource **ret, uint64_t usec, EventTimeHandler handler, void *userdata) {
        return event_add_time(loop, ret, clock_deadline(usec), handler, userdata);
}

int event_add_defer(EventLoop *loop, EventSource **ret, EventHandler handler, void *userdata) {
        EventSource *s;
        int r = add(loop, SOURCE_DEFER, EVENT_ONESHOT, userdata, &s);

        if (r < 0)
                return r;
        s->on_defer = handler;
        return give(s, ret);
}

static int watch_signals(EventLoop *loop) {
        struct epoll_event e = { .events = EPOLLIN };
        int fd = signalfd(loop->signal_fd, &loop->signals, SFD_CLOEXEC | SFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        if (loop->signal_fd >= 0)
                return 0;
        loop->signal_fd = fd;
        return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

int event_add_signal(EventLoop *loop, EventSource **ret, int sig, EventSignalHandler handler, void *userdata) {
        EventSource *s;
        sigset_t blocked;
        int r;

        if (sigprocmask(SIG_SETMASK, NULL, &blocked) < 0)
                return -errno;
        if (sigismember(&blocked, sig) <= 0 || sigismember(&loop->signals, sig) != 0)
                return -EBUSY;
        r = add(loop, SOURCE_SIGNAL, EVENT_ON, userdata, &s);
        if (r < 0)
                return r;
        s->sig = sig;
        s->on_signal = handler;
        sigaddset(&loop->signals, sig);
        r = watch_signals(loop);
        if (r < 0) {
                event_source_free(s);
                return r;
        }
        return give(s, ret);
}

int event_source_set_enabled(EventSource *s, EventEnabled enabled) {
        if (!s)
                return -EINVAL;
        s->enabled = enabled;
        if (s->kind != SOURCE_IO || s->polled == (enabled != EVENT_OFF))
                return 0;
        if (enabled != EVENT_OFF)
                return poll_source(s);
        unpoll_source(s);
        return 0;
}

int event_source_set_io_events(EventSource *s, uint32_t events) {
        if (!s || s->kind != SOURCE_IO)
                return -EDOM;
        if (s->events == events)
                return 0;
        s->events = events;
        return s->polled ? poll_source(s) : 0;
}

int event_source_set_time(EventSource *s, uint64_t usec) {
        if (!s)
                return -EINVAL;
        s->due = usec;
        return 0;
}

int event_source_set_time_relative(EventSource *s, uint64_t usec) {
        return event_source_set_time(s, clock_deadline(usec));
}

void event_source_set_io_fd_own(EventSource *s, bool own) {
        s->owns_fd = own;
}

void event_source_set_prepare(EventSource *s, EventHandler prepare) {
        s->loop->n_prepares += (prepare != NULL) - (s->prepare != NULL);
        s->prepare = prepare;
}

EventLoop *event_source_loop(EventSource *s) {
        return s->loop;
}

EventSource *event_source_free(EventSource *s) {
        EventLoop *loop = s && !s->floating ? s->loop : NULL;

        if (!s || s->freed)
                return NULL;
        unpoll_source(s);
        event_source_set_prepare(s, NULL);
        if (s->owns_fd)
                s->fd = close_fd(s->fd);
        if (s->kind == SOURCE_SIGNAL) {
                sigdelset(&s->loop->signals, s->sig);
                (void) watch_signals(s->loop);
        }
        unlink_source(s);
        s->enabled = EVENT_OFF;
        s->freed = true;
        if (s->running == 0)
                free(s);
        event_loop_unref(loop);
        return NULL;
}

/* ---- what happens ---- */

static int call(EventSource *s, uint32_t events, const struct signalfd_siginfo *info) {
        switch (s->kind) {
        case SOURCE_IO:
                return s->on_io(s, s->fd, events, s->userdata);
        case SOURCE_TIME:
                return s->on_time(s, s->due, s->userdata);
        case SOURCE_DEFER:
                return s->on_defer(s, s->userdata);
        default:
                return s->on_signal ? s->on_signal(s, info, s->userdata) : event_exit(s->loop, 0);
        }
}

static int dispatch(EventSource *s, uint32_t events, const struct signalfd_siginfo *info) {
        int r;

        if (s->enabled == EVENT_ONESHOT)
                (void) event_source_set_enabled(s, EVENT_OFF);
        s->round = ++s->loop->round;
        s->running++;
        r = call(s, events, info);
        s->running--;
        if (s->freed && s->running == 0)
                free(s);
        else if (r < 0 && !s->freed)
                (void) event_source_set_enabled(s, EVENT_OFF);
        return 1;
}

static int dispatch_signal(EventLoop *loop) {
        struct signalfd_siginfo info;

        if (read(loop->signal_fd, &info, sizeof(info)) != (ssize_t) sizeof(info))
                return 0;
        for (EventSource *s = loop->sources[SOURCE_SIGNAL]; s; s = s->next)
                if (s->sig == (int) info.ssi_signo)
                        return s->enabled == EVENT_OFF ? 0 : dispatch(s, 0, &info);
        return 0;
}

static bool is_better(const EventSource *s, const EventSource *than) {
        return !than || s->round < than->round || (s->round == than->round && s->due < than->due);
}

/* That which has come, or NULL and when the next one comes. */
static EventSource *due_source(EventLoop *loop, uint64_t *ret_next) {
        EventSource *found = NULL;
        uint64_t now = 0;

        *ret_next = UINT64_MAX;
        for (EventSource *s = loop->sources[SOURCE_DEFER]; s; s = s->next)
                if (s->enabled != EVENT_OFF && is_better(s, found))
                        found = s;
        for (EventSource *s = loop->sources[SOURCE_TIME]; s; s = s->next) {
                if (s->enabled == EVENT_OFF || s->due == UINT64_MAX)
                        continue;
                now = now == 0 ? clock_usec(CLOCK_MONOTONIC) : now;
                if (s->due > now && s->due - now < *ret_next)
                        *ret_next = s->due - now;
                if (s->due <= now && is_better(s, found))
                        found = s;
        }
        return found;
}

static void prepare(EventLoop *loop) {
        EventSource *next;

        for (SourceKind kind = 0; loop->n_prepares > 0 && kind < SOURCE_KINDS; kind++)
                for (EventSource *s = loop->sources[kind]; s; s = next) {
                        next = s->next;
                        if (s->prepare)
                                (void) s->prepare(s, s->userdata);
                }
}

static int to_msec(uint64_t usec) {
        if (usec == UINT64_MAX)
                return -1;
        return usec / USEC_PER_MSEC >= INT_MAX ? INT_MAX : (int) ((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static int run(EventLoop *loop, uint64_t usec) {
        EventSource *moment;
        struct epoll_event e;
        uint64_t next;
        int n;

        prepare(loop);
        if (loop->exiting)
                return -ESTALE;
        moment = due_source(loop, &next);
        if (moment && !loop->moment_was_last) {
                loop->moment_was_last = true;
                return dispatch(moment, 0, NULL);
        }
        n = epoll_wait(loop->epoll, &e, 1, moment ? 0 : to_msec(next < usec ? next : usec));
        if (n < 0 && errno != EINTR)
                return -errno;
        loop->moment_was_last = n <= 0 && moment;
        if (n > 0)
                return e.data.ptr ? dispatch(e.data.ptr, e.events, NULL) : dispatch_signal(loop);
        if (!moment && next < usec)
                moment = due_source(loop, &next);
        return moment ? dispatch(moment, 0, NULL) : 0;
}

int event_run(EventLoop *loop, uint64_t usec) {
        int r;

        if (loop->exiting)
                return -ESTALE;
        event_loop_ref(loop);
        r = run(loop, usec);
        event_loop_unref(loop);
        return r;
}
