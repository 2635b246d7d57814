/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "config.h"
#include "error.h"

/* What a zone is called, and its bridge: an interface's name has 15 bytes (ZONE_NAME_MAX of config.h). */

/* Letters, digits, '-' and '.', as in machine names; at most ZONE_NAME_MAX bytes. 0 or -EINVAL. */
int zone_name_check(const char *zone, Error **reterr);

/* "nbox0" for the default zone, "nz-NAME" else. */
void zone_bridge_name(const char *zone, char ret[IF_NAMESIZE]);

/* And back; false, and *ret as it was, for what is no such name. */
bool zone_name_of_bridge(const char *bridge, char ret[ZONE_NAME_MAX + 1]);
