/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "event-loop.h"
#include "event-reader.h"

/* All that happens on this host, as it happens, from those who know: what nbox does from its log of events; that a machine is gone whose
 * supervisor was killed from the kernel (pidfds) and from its record's directory; whether it is frozen from its cgroup; machines that are
 * others' from systemd-machined's signals; images and snapshots from their directories. What the caller may not look at does not happen.
 *
 * Nothing is lost from host_watch_new() on: whoever wants to know how things are looks after it. A machine of others' is ready when
 * systemd-machined knows it, for more is not said of it. */

typedef enum HostWatchFlags {
        HOST_WATCH_IMAGES = 1 << 0, /* images and snapshots, too */
        HOST_WATCH_OTHERS = 1 << 1, /* machines that are not nbox's, where there is systemd-machined */
} HostWatchFlags;

/* What it returns below zero ends the event loop. */
typedef int (*HostWatchHandler)(const HostEvent *event, void *userdata);

typedef struct HostWatch HostWatch;

int host_watch_new(EventLoop *loop, unsigned flags, HostWatchHandler handler, void *userdata, HostWatch **ret, Error **reterr);
/* Whether a machine of nbox's of that name lives, or is between two lives; which of both; whether one of others' does. */
bool host_watch_has_machine(const HostWatch *w, const char *name);
bool host_watch_reboots(const HostWatch *w, const char *name);
bool host_watch_has_other(const HostWatch *w, const char *name);

void host_watch_free(HostWatch *w);
DEFINE_CLEANUP(HostWatch *, host_watch_free);
