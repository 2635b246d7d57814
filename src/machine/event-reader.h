/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cleanup.h"
#include "strv.h"
#include "event-log.h"

/* What is written into the log of events (event-log.h) from now on, by whoever: each line once, in its order, across the moments at which
 * the file is put aside. Needs no rights. */

typedef struct HostEvent {
        EventKind kind;
        uint64_t usec;  /* CLOCK_REALTIME */
        char *subject;  /* of a machine, an image, a zone; "" of an overflow */
        char **words;   /* "KEY=VALUE" */
} HostEvent;

void host_event_free(HostEvent *e);
DEFINE_CLEANUP(HostEvent *, host_event_free);

/* Of now, without words. NULL on out of memory. */
HostEvent *host_event_new(EventKind kind, const char *subject);

/* A word's value, or NULL; points into e. */
const char *host_event_word(const HostEvent *e, const char *key);

/* One line without its newline: -EBADMSG where it is none that we know. */
int host_event_parse(const char *line, HostEvent **ret);

typedef struct EventReader EventReader;

/* Nothing that is written from here on is missed. */
int event_reader_new(EventReader **ret, Error **reterr);
void event_reader_free(EventReader *r);
DEFINE_CLEANUP(EventReader *, event_reader_free);

/* Readable when there may be more: then event_reader_next() until it says 0. */
int event_reader_fd(const EventReader *r);

/* 1: *ret is the next, the caller's. 0: none for now. An EVENT_OVERFLOW: so much was written meanwhile that some of it is gone. */
int event_reader_next(EventReader *r, HostEvent **ret);
