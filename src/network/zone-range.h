/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "netlink.h"
#include "zone-name.h"
#include "zone-state.h"

/* Ranges that the host has: its routes and addresses, and what its zones keep. A zone's own are among them, under its name,
 * and are passed over where it is asked for. */

typedef struct HostRange {
        TakenRange taken;
        char zone[ZONE_NAME_MAX + 1]; /* "": none */
} HostRange;

typedef struct HostRanges {
        HostRange *items;
        size_t n;
} HostRanges;

int host_ranges_read(Netlink *nl, bool zones, HostRanges *ret, Error **reterr); /* with `zones`, also what is kept for them */
void host_ranges_done(HostRanges *r);

/* What a range of the zone would meet: words such as "the host's route to 10.1.0.0/16 on tun0", or NULL. */
const char *host_ranges_clash(const HostRanges *r, Range range, const char *zone);

/* A free range for the zone. 0, or -ENOSPC with what to do. */
int host_ranges_choose(const HostRanges *r, const char *zone, Range *ret, Error **reterr);

/* Before a zone's bridge is made: choose a range for it where `state` has none (*ret_changed), or see that the kept one
 * meets no route, address or other zone of the host. -EADDRINUSE with what it meets, -ENOSPC when none is free. */
int zone_settle_range(Netlink *nl, ZoneState *state, bool *ret_changed, Error **reterr);
