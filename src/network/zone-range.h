/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "netlink.h"
#include "zone-state.h"

/* Before a zone's bridge is made: choose a range for it where `state` has none (*ret_changed), or see that the kept one
 * meets no route, address or other zone of the host. -EADDRINUSE with what it meets, -ENOSPC when none is free. */
int zone_settle_range(Netlink *nl, ZoneState *state, bool *ret_changed, Error **reterr);
