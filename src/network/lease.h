/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "name.h"
#include "plan.h"

/* What a zone remembers over reboots, in ZONE_STATE_DIRECTORY/NAME: lines
 *
 *     range 10.83.12.0/22
 *     machine web 10.83.12.17
 *
 * and comments (#). An administrator may write the range by hand before the zone's first machine starts. The file
 * is replaced atomically; whoever changes it holds the network lock (network-lock.h). */

#define ZONE_STATE_DIRECTORY "/var/lib/nbox/zones"

typedef struct Lease {
        char machine[MACHINE_NAME_MAX + 1];
        uint32_t address; /* host byte order */
} Lease;

typedef struct ZoneState {
        char *name;
        Range range; /* prefix 0: none is chosen yet */
        Lease *leases; /* oldest first */
        size_t n_leases;
} ZoneState;

void zone_state_free(ZoneState *s);
DEFINE_CLEANUP(ZoneState *, zone_state_free);

/* No file is an empty state. A line that cannot be understood is an error with file and line. */
int zone_state_load(const char *zone, ZoneState **ret, Error **reterr);
int zone_state_save(const ZoneState *s, Error **reterr);

/* The text of such a file, to and from: what load and save are made of. `text` is torn apart; `path` is for errors. */
int zone_state_parse(ZoneState *s, const char *path, char *text, Error **reterr);
char *zone_state_format(const ZoneState *s); /* NULL on out of memory */

/* The path of a zone's file, for errors. */
#define ZONE_STATE_PATH_MAX 64
void zone_state_path(const char *zone, char ret[ZONE_STATE_PATH_MAX]);

/* The address of a machine: the one that it had, or else a free one, at a place that its name decides. `in_use` are
 * those of running machines, this one's excepted. With `keep`, a new one is added to s->leases, and *ret_changed
 * set; when all are leased, the oldest lease of a machine that is not running is given up.
 * 0 or -ENOSPC. */
int lease_choose(ZoneState *s, const char *machine, bool keep, const uint32_t *in_use, size_t n_in_use,
                 uint32_t *ret, bool *ret_changed);

/* Whether this machine has one, so that no other can be given its address. */
const Lease *lease_find(const ZoneState *s, const char *machine);
