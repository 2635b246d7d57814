/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "address.h"

/* Connections that the kernel tracks, and what it translates them to: they outlive the rule that they were translated by. */

/* Connections to a range of ports that are translated to another address: `port` … `port + count - 1` as they were asked for,
 * `to_port` … at `to`, whose family is that of the connections. Ports in host byte order; an address that is none, or 0, is any. */
typedef struct ConntrackMatch {
        int protocol;
        IpAddress from;    /* of whoever asked */
        IpAddress address; /* that was asked for */
        uint16_t port;
        uint16_t count;
        IpAddress to;      /* what it is translated to */
        uint16_t to_port;
} ConntrackMatch;

/* Forget them: what still comes of them finds no translation, and is refused by whoever gets it. Returns how many, or
 * -errno; -EOPNOTSUPP: the kernel cannot be asked (CONFIG_NF_CT_NETLINK). */
int conntrack_forget(const ConntrackMatch *match);
