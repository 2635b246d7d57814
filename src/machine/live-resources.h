/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"

/* What of resources.h a machine was given, in a file beside its record: what its start asked for, and what `nbox set` has changed since, for
 * whoever shows it and for the machine's next life; and which of its slice's drop-ins are ours, to be undone. A line each:
 *
 *     start KEY VALUE      from KEY WHERE-FROM      kept KEY VALUE      runtime KEY VALUE      put KEY
 *
 * "put" is written before anything is asked of systemd. Other lines are passed over. */

typedef struct LiveResources {
        char *start[RESOURCES];   /* what it was started with, or NULL */
        char *from[RESOURCES];    /* and where that stands ("command line", "/etc/nbox/web.conf:3") */
        char *kept[RESOURCES];    /* set since, and in its settings, too */
        char *runtime[RESOURCES]; /* set since, until it ends: nbox set --runtime */
        bool put[RESOURCES];      /* its slice has a drop-in of ours, or may have */
} LiveResources;

void live_resources_done(LiveResources *l);

/* What counts: NULL for nothing. */
const char *live_resource(const LiveResources *l, Resource r);

/* dir: of the machine's record. No file is nothing set. */
int live_resources_load(int dir, LiveResources *ret, Error **reterr);

/* The same of a machine by its name; without a directory of its record, too. */
int live_resources_of(const char *machine, LiveResources *ret, Error **reterr);

/* With the lock held, or before anybody else knows of the machine. Without anything in it, it goes. */
int live_resources_save(int dir, const LiveResources *l, Error **reterr);

/* The directory of a machine that runs, and a lock for who changes the file: an fd each, the caller's. */
int live_resources_open(const char *machine, int *ret_lock, Error **reterr);

/* A new start of the name begins without. */
void live_resources_forget(int dir);

/* Take away from /run what was put there, once the machine has ended or before it is put there anew. `slice`: its own; others have none of
 * ours. Whether there was anything. */
bool live_resources_undo(const char *machine, const char *slice);
