/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "doors.h"
#include "firewall.h"
#include "name.h"
#include "range.h"
#include "range6.h"

/* What stands on the host for its zones and machines, against what should: others flush rulesets, load their own over ours, switch
 * forwarding off, delete links. What should be there is in the endpoint files (endpoint.h) and the zones' files (zone-state.h); what
 * is, in the kernel. Each start mends its own zones in passing; this is for the rest, and to say what is wrong. */

typedef struct NetworkFault {
        char zone[ZONE_NAME_MAX + 1];       /* "": of all zones */
        char machine[MACHINE_NAME_MAX + 1]; /* "": of all of the zone's */
        char text[800];                     /* "the bridge nbox0 of the zone 'default' is gone" */
        bool is_clash;                      /* of the zone's range with something of the host's */
        char remedy[400];                   /* what to do where `nbox network repair` does not mend it; else "" */
} NetworkFault;

typedef struct NetworkZone {
        char name[ZONE_NAME_MAX + 1];
        char bridge[IF_NAMESIZE];
        Range range;
        Range6 range6; /* prefix 0: none */
        bool isolated, closed;
        bool up;
        size_t n_machines; /* that have an interface in it */
} NetworkZone;

/* Zones that are up or that a running machine is in. All is freed by network_state_clear(). */
typedef struct NetworkState {
        char firewall[FIREWALL_TEXT_MAX];
        NetworkZone *zones;
        size_t n_zones;
        DoorList doors;
        NetworkFault *faults;
        size_t n_faults;
} NetworkState;

void network_state_clear(NetworkState *s);

/* Look, changing nothing. Needs root. */
int network_inspect(NetworkState *ret, Error **reterr);

/* Mend what can be mended, then look again: what *ret has for faults is what is left. An error is one that kept it from trying. */
int network_repair(NetworkState *ret, Error **reterr);
