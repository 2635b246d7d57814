/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "error.h"
#include "firewall.h"

/* An accept counts only in the ruleset that drops: a chain of somebody else's, of whatever kind, that drops or rejects what the
 * host forwards, does so whatever our own rules say. A door is an accept of ours in such a chain, tagged with the zone's name:
 * all that comes from the zone's bridge and all that goes to it. It is broad on purpose, and as plain as the chain's owner would
 * write it, for it must be shown and saved by the owner's tools; what must not pass is stopped by our own rules (firewall.h), and a
 * drop anywhere is final. Where nobody else filters there is no door, and to find that out costs one look at the kernel.
 *
 * Called with the network lock held (network-lock.h). */

typedef struct DoorZone {
        const char *name;
        const char *bridge;
        bool host_ports; /* a machine of it has a port of the host's loopback: a door in what filters the host's own input, too */
        bool ipv6;       /* it has IPv6: doors in what filters that, too, and in the input for what ARP is in IPv4 */
} DoorZone;

typedef enum DoorState {
        DOOR_OPEN,
        DOOR_SHUT,   /* doors_open() opens it */
        DOOR_LOCKED, /* it cannot be opened by us: `why` says it, and what to do */
} DoorState;

/* One zone before one ruleset. */
typedef struct Door {
        char zone[ZONE_NAME_MAX + 1];
        char where[600]; /* "chain 'FORWARD' of the nftables table 'ip filter'" */
        DoorState state;
        char why[400];
} Door;

typedef struct DoorList {
        Door *items; /* freed by door_list_clear() */
        size_t n;
} DoorList;

void door_list_clear(DoorList *l);

/* Who stands in the way of these zones, changing nothing. */
int doors_check(const DoorZone *zones, size_t n, DoorList *ret, Error **reterr);

/* Open what is shut. What cannot be opened is warned of and passed over: a machine without a way out is better than none. */
void doors_open(const DoorZone *zones, size_t n);

/* Take the accepts of a zone away, or those of all zones that are not alive. */
int doors_close(const char *zone, Error **reterr);
int doors_sweep(const FirewallOracle *oracle, Error **reterr);
