/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "link.h"
#include "zone.h"

/* One network interface of a machine: a veth pair from its zone's bridge into its namespace. Inside, the first is "host0", the
 * second "host1", and so on, unless they are to be called otherwise. */

typedef struct Nic {
        const char *machine;
        unsigned number;         /* among the machine's interfaces in zones, from 0 (machine-link.h) */
        unsigned in_zone;        /* 1: the machine's first in this zone, as in its leases */
        const NicConfig *config; /* what was asked for, with its name inside */
        const Zone *zone;
        uint32_t address;        /* host byte order */
        struct in6_addr address6; /* where zone->range6 is there */
        uint8_t mac[6];
        bool hairpin;            /* the bridge may send packets back through the port that they came from */
        LinkInfo link;           /* our end, once it is made */
} Nic;

/* What the machine's interface number `in_zone` of that zone has where nobody asks for another: the same each time on this host. */
void nic_default_mac(const char *machine, const char *zone, unsigned in_zone, uint8_t ret[6]);

/* Set nic->mac: what was asked for, or one that is always the same for this machine on this host. -EADDRINUSE when one that was
 * asked for is that of another machine that runs in the zone (`ports` are those of its bridge), or of the bridge itself. */
int nic_choose_mac(Nic *nic, const LinkInfo *ports, size_t n_ports, Error **reterr);

/* Say to the host which port a MAC address is at, and which one an address has: what is sent there is not for a neighbour that says it had
 * either, be it for its published ports or for the answers of what --host-port offers to one machine alone. Added to the batch of
 * `nl`; a MAC address of zeros (links of an older nbox) is nobody's. */
typedef struct NicPlace {
        int bridge, port;         /* ifindexes */
        uint32_t address;         /* host byte order */
        struct in6_addr address6; /* all zero: none */
        const uint8_t *mac;
} NicPlace;

void nic_put_place(Netlink *nl, const NicPlace *place);

/* Make the pair, our end up and in the bridge. What a dead machine of that name left is replaced. */
int nic_make(Netlink *nl, Nic *nic, int netns, Error **reterr);

/* Inside, through a socket of the machine's namespace: the altname, up, addresses, and the ways out that it is to be. */
typedef struct NicInside {
        Netlink *nl;
        int netns;
        const char *altname; /* or NULL */
        bool default_route, default_route6;
        bool settled; /* nic_settle_inside() */
} NicInside;

/* What is to hold for IPv6 before its link is up inside, written by that proc (netns_ipv6_write_by()). */
void nic_settle_inside(const Nic *nic, int netns, int proc);

int nic_set_up_inside(const NicInside *inside, const Nic *nic, Error **reterr);
