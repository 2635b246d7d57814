/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "link.h"
#include "zone-name.h"
#include "zone-state.h"

/* An interface of the host's as a port of a zone's bridge, so that the zone's machines are in the network behind it: the interface
 * itself, or a VLAN of it, which is a link of ours ("nv-ZONE") and goes with the bridge. What is not ours is given back as it
 * was: what we changed is written down first, in a file uplink-ZONE of the network's run directory. All of it is called with the
 * network lock held. */

/* Whether that can be: the interface is there, is no port of something else, and, without a VLAN, has no addresses, for these would
 * be cut off. */
int uplink_check(Netlink *nl, const char *uplink, unsigned vlan, const char *zone, Error **reterr);

/* Have the zone's uplink in its bridge; nothing where there is none, or where it is. */
int uplink_connect(Netlink *nl, const ZoneState *state, int bridge, Error **reterr);

/* Before the bridge goes. Does what it can; what fails is warned about. */
void uplink_disconnect(Netlink *nl, const char *zone);

/* Whether a port of a zone's bridge is its uplink. */
bool uplink_is_port(const char *zone, const LinkInfo *port);
