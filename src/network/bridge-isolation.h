/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* How machines of an isolated zone are kept apart on their bridge. The bridge can do it by itself (the flag "isolated" of its ports),
 * but with br_netfilter, which Docker loads, it also translates addresses: a machine's call to a port that its neighbour has published
 * is then sent on from port to port within the bridge, and that flag drops it. There a table of nftables, `bridge nbox`, does it: what
 * passes between two links of one group is dropped, unless the zone's rules (firewall.h) have let it through as published, and said so
 * by a mark. If br_netfilter is switched off again nothing is marked, and what is published is routed, not bridged; if it is switched
 * on later, published ports are dead within the zone until `nbox network repair`. Called with the network lock held. */

#define ISOLATED_GROUP 0x6e62    /* of the links of machines in such zones */
#define ISOLATED_MARK 0x04000000 /* one bit of a packet's mark, set for its way across the bridge */

/* Whether the bridge calls iptables and nft for what it bridges, of either family. */
bool bridge_is_filtered(void);

/* Have the table stand; nothing is changed where it does. -EOPNOTSUPP as nft_run(). */
int bridge_isolation_apply(Error **reterr);
bool bridge_isolation_stands(void);

/* Take it away, if it is there. */
void bridge_isolation_release(void);
