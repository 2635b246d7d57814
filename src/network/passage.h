/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "doors.h"
#include "endpoint.h"
#include "error.h"
#include "firewall.h"
#include "zone.h"

/* All that packets of some zones and machines need to get through the host: what firewall.h and doors.h are asked for, gathered from
 * zones and machines' files, and made in the one order in which nothing is open before it is guarded. A start and a change of ports
 * have one machine in it, a zone's service none, a repair all. With the network lock held. */

typedef struct Passage {
        FirewallZone *zones; /* these arrays are owned, what they point to is the caller's */
        DoorZone *doors;     /* of the same zones, in the same order */
        FirewallMachine *machines;
        FirewallSet set;     /* of them */
        bool stands;         /* our own rules need not be made (firewall_stands_as_seen()) */
} Passage;

/* Room for so many. 0 or -ENOMEM. */
int passage_new(Passage *ret, size_t n_zones, size_t n_machines);
void passage_done(Passage *p);

void passage_add_zone(Passage *p, const Zone *zone);

/* `first` is the zone of the machine's first interface, by which its ports are reached: added before. */
void passage_add_machine(Passage *p, const Endpoint *e, const Zone *first);

/* Forwarding, our own rules, others' doors; what firewall_apply() says. A door that stays shut is warned of. `lock` is the lock's fd. */
int passage_open(const Passage *p, int lock, const FirewallOracle *oracle, Error **reterr);
