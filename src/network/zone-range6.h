/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "netlink.h"
#include "zone-name.h"
#include "zone-state.h"

/* IPv6 for zones: whether there is any on this host, and which prefixes it has. */

/* Why machines have no IPv6 on this host, in words ("this kernel has no IPv6"), or NULL where they have. */
const char *ipv6_absence(void);

typedef struct HostRange6 {
        Range6 range;
        char zone[ZONE_NAME_MAX + 1]; /* whose it is, "": none */
        bool kept;                    /* a zone's by its file, not a route of the host's */
        char what[96];
} HostRange6;

typedef struct HostRanges6 {
        HostRange6 *items;
        size_t n;
} HostRanges6;

/* Routes and addresses of the host; with `zones`, also what is kept for them. */
int host_ranges6_read(Netlink *nl, bool zones, HostRanges6 *ret, Error **reterr);
void host_ranges6_done(HostRanges6 *r);

/* What a prefix of the zone would meet: words such as "the host's route to fd12::/48 on tun0", or NULL. A prefix that is `routed` to the
 * host may be a part of what one of its routes leads to: it is by this that the world has its way to it. */
const char *host_ranges6_clash(const HostRanges6 *r, const Range6 *range, bool routed, const char *zone);

/* A free one for the zone. */
void host_ranges6_choose(const HostRanges6 *r, const char *zone, Range6 *ret);

/* Whether every address of the IPv4 range has a place in it. */
bool range6_holds(const Range6 *r, Range range);

/* As zone_settle_range(), for the zone's IPv6. `made`: its bridge is about to be made, so nothing may be in its way; where it stands,
 * only what is missing is chosen. Where machines have no IPv6 all stays as it is. */
int zone_settle_range6(Netlink *nl, ZoneState *state, bool made, bool *ret_changed, Error **reterr);
