/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "netlink.h"

/* VLANs of a bridge that filters them: each port is in some, and what comes in untagged is of its pvid. */

typedef struct BridgeVlans {
        bool known;         /* the kernel can filter (CONFIG_BRIDGE_VLAN_FILTERING) */
        bool filters;       /* and this bridge does */
        unsigned default_pvid; /* what a new port is in; 0: none */
} BridgeVlans;

int bridge_vlans(Netlink *nl, int bridge, BridgeVlans *ret);

/* The port is in the VLAN `id` alone, untagged both ways. Added to the batch. */
void bridge_put_port_vlan(Netlink *nl, int port, unsigned id, unsigned default_pvid);
