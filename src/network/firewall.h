/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "plan.h"

/* The host's packet filter, as a zone needs it. What it is made of (legacy tables, nft) is the backend's matter;
 * one is compiled in: firewall-iptables.c.
 *
 * Every rule carries the name of the zone or the machine that it belongs to, in the kernel's own tables: there is no
 * list of ours that could be lost, and what a crash left is found by its name. */

typedef struct FirewallZone {
        const char *name;
        const char *bridge;
        Range range;
} FirewallZone;

typedef struct FirewallMachine {
        const char *name;
        uint32_t address;     /* host byte order */
        const PortMap *ports; /* published on every address of the host, 127.0.0.1 too, and to the zone's own machines */
        size_t n_ports;
} FirewallMachine;

/* Who still needs their rules. A NULL function says yes for all. */
typedef struct FirewallOracle {
        bool (*machine_is_alive)(const char *machine, void *userdata);
        bool (*zone_is_alive)(const char *zone, void *userdata);
        void *userdata;
} FirewallOracle;

/* Have the zone's rules (masquerading outward, forwarding where a filter would drop it) and the machine's port maps
 * stand; commits nothing where they do. A port that a machine alive has is -EADDRINUSE; one that a dead machine has
 * is taken over. *ret_loopback: packets of the zone to 127.0.0.0/8 are dropped, so that routing such addresses on the
 * bridge (route_localnet) is safe (CVE-2020-8558); always so when there are ports, unless the kernel cannot do it.
 * -EOPNOTSUPP: no usable packet filter. */
int firewall_attach(const FirewallZone *zone, const FirewallMachine *machine, const FirewallOracle *oracle,
                    bool *ret_loopback, Error **reterr);

/* Remove a machine's rules and a zone's (either may be NULL), and with the last rule our chains. */
int firewall_detach(const char *machine, const char *zone, Error **reterr);

/* What it is and whether it is in use, for people; constant. Needs root, changes nothing. */
const char *firewall_describe(void);

/* Remove what belongs to nobody alive. */
int firewall_sweep(const FirewallOracle *oracle, Error **reterr);
