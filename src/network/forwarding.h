/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "link.h"
#include "netlink.h"

/* Forwarding of IPv4 packets between interfaces, one switch for the whole host (net.ipv4.ip_forward). Both are called
 * with the network lock held; `dir` is the locked directory, in which it is noted that we switched it on. */

/* Switch it on, noting so, unless it is on. */
int forwarding_acquire(int dir, Error **reterr);

/* After the last zone is gone: switch it off again if we switched it on. Left on when the host has got another
 * bridge, a tunnel or a WireGuard link meanwhile: their owners may have found it on, and rely on it. */
void forwarding_release(int dir, Netlink *nl);

/* Whether a link is of a kind that is there to forward packets of others. */
bool forwarding_is_for(const LinkInfo *link);

/* Whether it is on. What cannot be told is a yes. */
bool forwarding_is_on(void);

/* Let the host's own 127.0.0.1 be an end of connections over a bridge, which the rules guard. Warns where it cannot. And whether that
 * is so; what cannot be told is a yes. */
void forwarding_let_loopback(const char *bridge);
bool forwarding_lets_loopback(const char *bridge);
