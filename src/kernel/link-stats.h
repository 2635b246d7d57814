/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "netlink.h"

/* What an interface has received and sent since it is there. Anybody may ask. */
typedef struct LinkStats {
        uint64_t rx_bytes, rx_packets;
        uint64_t tx_bytes, tx_packets;
        uint64_t rx_errors, rx_dropped;
        uint64_t tx_errors, tx_dropped;
} LinkStats;

/* 0 or -errno: -ENODEV when there is none of that name. */
int link_stats(Netlink *nl, const char *name, LinkStats *ret);
