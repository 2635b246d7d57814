/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "netlink.h"

/* Have what is sent through an interface wait, so that it is no faster than `bits` a second: a token bucket in place of its queue
 * (tc-tbf(8)). What waits longer than a tenth of a second is dropped, TCP then settles at the rate. It goes with the interface.
 * 0 or -errno; -ENOENT: the kernel has none (CONFIG_NET_SCH_TBF). */
int qdisc_limit(Netlink *nl, int ifindex, uint64_t bits);

/* Whether an interface has such a queue. */
bool qdisc_limits(Netlink *nl, const char *ifname);
