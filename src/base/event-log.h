/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* What happens to machines and zones, a line each at the end of EVENT_LOG: for `nbox events` and `nbox wait`, which would learn of a
 * machine that starts and ends in ten milliseconds too late from its record, and of how one ended not at all.
 *
 *     USEC EVENT SUBJECT[<TAB>KEY=VALUE]…
 *
 * USEC is CLOCK_REALTIME. Everybody may read it, as the records (record.h): so nothing is written here that a record or the network's
 * file would not tell everybody, and nothing of images. There are no control characters in values.
 *
 * It is a courtesy to who watches, and no truth: nothing of nbox's own acts by it, a writer waits for nobody, and what cannot be written
 * (no room in /run) is lost. Who is killed writes nothing; who watches learns that from the kernel.
 *
 * A file of more than EVENT_LOG_MAX is put aside as EVENT_LOG_OLD, and a new one begins; its first line, "# N", counts them. A writer that had
 * opened the old one looks whether it still is in its place *after* it has written, and else writes the line again: one that reads the old
 * file to its end once the new one is there, and then the new one, has all lines, some of them twice (event-reader.h knows these). */

#define EVENT_LOG_DIRECTORY "/run/nbox"
#define EVENT_LOG_NAME "events"
#define EVENT_LOG EVENT_LOG_DIRECTORY "/" EVENT_LOG_NAME
#define EVENT_LOG_OLD EVENT_LOG ".old"
#define EVENT_LOG_MAX (512 * 1024)
#define EVENT_LINE_MAX 2048

typedef enum EventKind {
        EVENT_STARTING,   /* a supervisor has the name */
        EVENT_BOOTING,    /* init was executed; leader= */
        EVENT_READY,      /* its conditions (Ready=) have held; leader= */
        EVENT_STOPPING,   /* its end was asked for; action= */
        EVENT_STOPPED,    /* all of it is gone; status=, reason= */
        EVENT_REBOOTING,  /* its init has ended, and another one will come */
        EVENT_FAILED,     /* it could not be started; reason= the error */
        EVENT_FROZEN,     /* none of its processes runs */
        EVENT_THAWED,
        EVENT_MEMORY_KILL, /* the kernel has killed processes of it for want of memory; kills=, cause= (oom.h), limit= bytes */
        EVENT_HEALTHY,    /* by the checks of its settings */
        EVENT_UNHEALTHY,  /* check= which failed, reason= what was said, failures= in a row, action= what is done about it */
        EVENT_PORT_ADDED, /* port=, as `port list` has it; host=yes for one of the host's that is offered inside */
        EVENT_PORT_REMOVED,
        EVENT_NIC_ADDED,  /* nic= its name inside, kind= */
        EVENT_NIC_REMOVED,
        EVENT_DEVICE_ADDED, /* device= its path inside */
        EVENT_DEVICE_REMOVED,
        EVENT_BIND_ADDED, /* bind= where it is inside, source= */
        EVENT_BIND_REMOVED,
        EVENT_ZONE_UP,    /* the zone's bridge was made */
        EVENT_ZONE_DOWN,
        EVENT_IMAGE_ADDED, /* this and the next six: not in the log, for everybody may read that */
        EVENT_IMAGE_REMOVED,
        EVENT_IMAGE_RENAMED, /* new_name= */
        EVENT_SNAPSHOT_ADDED, /* snapshot= */
        EVENT_SNAPSHOT_REMOVED,
        EVENT_OVERFLOW,   /* more has happened than could be taken note of: what is known now is as it is, not how it came about */
        _EVENT_KINDS,
} EventKind;

const char *event_kind_to_string(EventKind kind);           /* "image-added" */
int event_kind_from_string(const char *word, EventKind *ret); /* -EINVAL */

/* What the event is about: "machine", "image", "zone", or "" of an overflow. */
const char *event_kind_subject(EventKind kind);

/* Append one. After the subject come pairs of key and value, and a NULL; a pair whose value is NULL is left out. Of a user who is not root,
 * and where there is no /run/nbox, it does nothing. errno is kept. */
void event_log(EventKind kind, const char *subject, ...) __attribute__((sentinel));
