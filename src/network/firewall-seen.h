/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "firewall.h"

/* That all of a zone's rules stand in the legacy tables is seen rule by rule, through libiptc, and takes longer than all else of a machine's
 * network. So what was seen is noted, with a hash of the tables as they were: while they are the same, byte for byte but for what
 * they count, it need not be looked at again. With the network lock held. */

/* Whether these zones' rules stood in the very tables that are there now, and none there is of these machines, which want none. */
bool firewall_seen(const FirewallSet *set);

/* They do stand. */
void firewall_note_seen(const FirewallSet *set);

/* Nothing was seen. */
void firewall_forget_seen(void);
