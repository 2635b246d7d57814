/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "endpoint.h"
#include "link.h"

/* How much a machine may receive and send, enforced on the host's end of each of its links, out of its root's reach.
 *
 * Toward it, what is too fast waits (kernel/qdisc.h). From it, it is dropped when it arrives at our end, by an nftables chain of that
 * interface (family netdev): the kernel has no queue there, and the classic policer (act_police) is missing in small kernels. */

/* Whether the kernel can, before anything is made: -EOPNOTSUPP with what to leave out. */
int rates_check(const Endpoint *e, Error **reterr);

/* The limits of one link of the machine's. */
int rates_apply(Netlink *nl, const Endpoint *e, const char *ifname, int ifindex, Error **reterr);

/* Whether they stand: others flush rulesets, and delete queues. Over netlink alone. An error is a no. */
bool rates_stand(Netlink *nl, const Endpoint *e, const char *ifname);

/* Remove the chain of a link of that name, there or not. For a machine that has egress_rate. */
int rates_remove(const char *ifname, Error **reterr);
