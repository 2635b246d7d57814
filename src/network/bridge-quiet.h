/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What keeps a zone of many machines quiet. Each guest that comes says four times to which IPv6 multicast groups it belongs (MLDv2, RFC
 * 3810), and says it again whenever its links change; a bridge hands each of these to all of its ports. At a thousand that takes longer
 * than all the rest of a start, and nobody listens: these words are for routers of multicast, of which a zone has none. So where a zone
 * gets crowded, a table of nftables, `bridge nbox-quiet`, drops them as they come from a machine's link. (That the bridge follows such
 * words itself, and sends on to who belongs to a group, is off: whoever is root in a guest could say them for others, or be the one who asks.)
 *
 * Behind an uplink there may be routers and bridges that want to know: links of machines in such a zone are not in the group. It is for speed
 * alone: where it cannot be, nothing is said. Called with the network lock held. */

#define QUIET_GROUP 0x6e63 /* of the links of machines in other zones than isolated ones, which hear nothing of each other anyway */

/* A machine more is in the zone. */
void bridge_quiet_grow(const char *zone);

/* Take the table away, if it is there. */
void bridge_quiet_release(void);
