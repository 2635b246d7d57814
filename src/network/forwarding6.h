/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "netlink.h"

/* Forwarding of IPv6 packets, one switch for the whole host (net.ipv6.conf.all.forwarding), and what it costs: an interface that
 * forwards is a router's, which takes no router advertisements (and loses those it had) unless its accept_ra is 2 rather than 1. So
 * each one that listened to them before goes on listening. Called with the network lock held; `dir` is the locked directory, in which
 * stands what the settings were before. */

/* Switch it on unless it is on. -ENOENT and the like without a word in *reterr: this kernel has no IPv6. */
int forwarding6_acquire(int dir, Error **reterr);

/* After the last zone with IPv6 is gone: switch it off again if we switched it on, and give back what was changed for it. All of it is
 * left as it is when the host has got another bridge, a tunnel or a WireGuard link meanwhile, whose owner may rely on it. */
void forwarding6_release(int dir, Netlink *nl);

/* Whether it is on. What cannot be told is a yes. */
bool forwarding6_is_on(void);

/* Which interfaces would listen to router advertisements if we had not switched on forwarding, and do not since somebody has reset
 * them: a strv, the caller's; NULL for none. 0 or -ENOMEM. And make them listen again. */
int forwarding6_deaf(int dir, char ***ret);
void forwarding6_listen(int dir);
