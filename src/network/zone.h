/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "link.h"
#include "zone-name.h"
#include "zone-state.h"

/* A zone's bridge. It is known as ours by its name with its fixed MAC address, both of them there from birth. Its
 * alias says which range it has and is set last: a bridge without it is half made. All of it is called with the
 * network lock held. */

typedef struct Zone {
        char name[ZONE_NAME_MAX + 1];
        char bridge[IF_NAMESIZE];
        int index;
        Range range;
        Range6 range6;       /* prefix 0: the zone, or this host, has no IPv6 */
        bool routed6;        /* its addresses are not translated */
        bool uplinked;       /* a link of the host's is a port of its bridge: there are others in it */
        uint8_t mac[6];      /* of the bridge */
        bool isolated;       /* its machines do not see each other */
        bool closed;         /* they do not get out */
        bool isolates_ports; /* that is the bridge's work: machines' ports get the flag (else bridge-isolation.h) */
        uint32_t service;    /* host byte order; 0: none */
        bool made;           /* by this call */
        bool made6;          /* it stood, and its IPv6 came by this call */
} Zone;

/* Have the bridge up with the range of `state`; where that has none yet, one is chosen (or read from a bridge that
 * stands) and *ret_changed set: the caller saves the state. A kept range that something else of the host has by
 * now is -EADDRINUSE. */
int zone_up(Netlink *nl, ZoneState *state, Zone *ret, bool *ret_changed, Error **reterr);

/* Have an IPv6 address on a bridge that stands, as it had at birth where its zone has one. 1 when it had not, else 0. */
int zone_give_address6(Netlink *nl, const Zone *zone, Error **reterr);

/* Let a link of the zone's that is in this network namespace speak IPv6 where the zone has some: by the addresses that we give it, and
 * whoever says there that he is a router is none, for machines say so too. What fails is met by whoever gives it an address. */
void zone_let_ipv6(const Zone *zone, const char *link);

/* What a zone is by its file: its names, range, what it forbids, its service. */
void zone_from_state(Zone *zone, const ZoneState *state);

/* Remove the bridge if it is one of ours and has no port but its service's, which ends with it; and the zone's names. Returns 1
 * when it is gone, or was not there; 0 when it has ports, or its service is a unit (which goes first, and then sweeps). */
int zone_down_if_unused(Netlink *nl, const char *zone, Error **reterr);

/* Remove the bridge with all that is connected, whether it is there or not. */
int zone_down(Netlink *nl, const char *zone, Error **reterr);

/* The zone that a link is the bridge of; false when it is none of ours. */
bool zone_of_bridge(const LinkInfo *link, char ret[ZONE_NAME_MAX + 1]);

/* Whether its bridge is there. An error is a yes. */
bool zone_exists(Netlink *nl, const char *zone);

/* Whether a machine has a link in its bridge. An error is a no. */
bool zone_has_machines(Netlink *nl, const char *zone);
