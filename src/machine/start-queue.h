/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "cleanup.h"
#include "error.h"

/* Who starts when many machines are to start at once: some of them, in the order in which they came, and another one as soon as one of
 * those is up.
 *
 * Each has a ticket, a file NUMBER-NAME in START_QUEUE_DIRECTORY that it holds a lock on from before the file has that name until it is up.
 * So there is no counter that could be wrong, and nobody who would have to hand out anything: those that start are the first ones of the tickets that
 * are held. One whose holder was killed is held by nobody, for the kernel has let go of its lock, and whoever looks removes it. */

#define START_QUEUE_DIRECTORY "/run/nbox/starting"

typedef struct StartTicket StartTicket;

/* At the end of the queue. */
int start_ticket_take(const char *machine, StartTicket **ret, Error **reterr);

/* Whether fewer than `parallel` hold tickets before this one: 1, 0 or -errno. It may have changed when an inotify(7) watch for
 * START_QUEUE_EVENTS on START_QUEUE_DIRECTORY tells something. */
int start_ticket_may_go(const StartTicket *t, unsigned parallel);

#define START_QUEUE_EVENTS (IN_DELETE | IN_CLOSE_WRITE) /* given back; or its holder was killed */

/* Give it back. */
void start_ticket_free(StartTicket *t);
DEFINE_CLEANUP(StartTicket *, start_ticket_free);

/* Remove what nobody holds. For gc. */
void start_queue_sweep(void);
