/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "cleanup.h"

/* An event loop, as sd-event(3) has one, and used alike: what it does with sources, owners and ends is the same. It is our own because
 * sd-event comes with all of libsystemd, of which a machine on a host without a bus needs nothing else: that would be a third of the
 * machine's start and half of what its supervisor keeps in memory. It knows what this program needs: descriptors, moments, signals.
 * A bus is watched through it by systemd/bus-watch.h.
 *
 * Functions return 0 or -errno. A handler that returns < 0 is not called again, and the loop goes on. One process uses a loop: a forked child
 * leaves it alone. */

typedef struct EventLoop EventLoop;
typedef struct EventSource EventSource;

typedef int (*EventIoHandler)(EventSource *source, int fd, uint32_t events, void *userdata);
typedef int (*EventTimeHandler)(EventSource *source, uint64_t usec, void *userdata);
typedef int (*EventSignalHandler)(EventSource *source, const struct signalfd_siginfo *info, void *userdata);
typedef int (*EventHandler)(EventSource *source, void *userdata);

int event_loop_new(EventLoop **ret);
EventLoop *event_loop_ref(EventLoop *loop);

/* Gone when nobody has it any more, those who own one of its sources included. Returns NULL. */
EventLoop *event_loop_unref(EventLoop *loop);
DEFINE_CLEANUP(EventLoop *, event_loop_unref);

/* Wait until something happens, usec at most (UINT64_MAX: for ever), and hand it to its handler: one thing a call. 1: that was done;
 * 0: nothing has happened; -ESTALE after event_exit(). */
int event_run(EventLoop *loop, uint64_t usec);

/* Until somebody calls event_exit(), whose code is returned. */
int event_loop(EventLoop *loop);
int event_exit(EventLoop *loop, int code);

/* Sources. The caller owns what is put into *ret, until event_source_free(); with ret NULL it lives for as long as the loop. */

/* events: EPOLLIN, …. -EPERM: a file that is always ready. */
int event_add_io(EventLoop *loop, EventSource **ret, int fd, uint32_t events, EventIoHandler handler, void *userdata);

/* Once, at that moment of CLOCK_MONOTONIC, or so long from now; a new moment has to be followed by EVENT_ONESHOT. */
int event_add_time(EventLoop *loop, EventSource **ret, uint64_t usec, EventTimeHandler handler, void *userdata);
int event_add_time_relative(EventLoop *loop, EventSource **ret, uint64_t usec, EventTimeHandler handler, void *userdata);

/* Once, when the loop next runs (EVENT_ON: each time). */
int event_add_defer(EventLoop *loop, EventSource **ret, EventHandler handler, void *userdata);

/* The signal has to be blocked, and has one handler (-EBUSY). Without one it ends the loop with code 0. */
int event_add_signal(EventLoop *loop, EventSource **ret, int sig, EventSignalHandler handler, void *userdata);

typedef enum EventEnabled {
        EVENT_OFF,
        EVENT_ON,
        EVENT_ONESHOT, /* and then off */
} EventEnabled;

int event_source_set_enabled(EventSource *source, EventEnabled enabled);
int event_source_set_io_events(EventSource *source, uint32_t events);
int event_source_set_time(EventSource *source, uint64_t usec);
int event_source_set_time_relative(EventSource *source, uint64_t usec);

/* Close the descriptor with the source. */
void event_source_set_io_fd_own(EventSource *source, bool own);

/* From here on it is the loop's, and a handler's to free. */
void event_source_set_floating(EventSource *source);

/* Called before each time that the loop waits. */
void event_source_set_prepare(EventSource *source, EventHandler prepare);

EventLoop *event_source_loop(EventSource *source);

/* It can be called from its own handler. Returns NULL. */
EventSource *event_source_free(EventSource *source);
