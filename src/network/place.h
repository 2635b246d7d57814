/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "endpoint.h"
#include "error.h"
#include "link.h"
#include "network.h"
#include "nic.h"
#include "zone.h"

/* Where a machine's interfaces go: the zones that they are in, up, and an address and a MAC address for each. What is chosen anew is
 * kept in the zones' files. With the network lock held. */

/* A zone that the machine has interfaces in; two of them in one zone share it. */
typedef struct Place {
        ZoneState *state;
        Zone zone;
        bool changed;    /* the state is to be saved */
        LinkInfo *ports; /* of its bridge, once they were needed */
        size_t n_ports;
        bool ports_known;
} Place;

typedef struct Placement {
        const NetworkRequest *req;
        Netlink *nl;
        const Endpoint *has; /* what a machine that runs has already; NULL at a start */
        Place places[NICS_MAX];
        size_t n_places;
        Nic nics[NICS_MAX]; /* those of the request that are in zones, in its order; not made yet */
        size_t n_nics;
} Placement;

/* `p` is all zero but for req and nl. With `published`, ports lead to the first interface. What a failure leaves, network_release()
 * and placement_done() undo. */
int placement_make(Placement *p, bool published, Error **reterr);
void placement_done(Placement *p);
