/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "passage.h"

#include <stdlib.h>
#include <string.h>

#include "forwarding.h"
#include "forwarding6.h"
#include "log.h"
#include "netns.h"

int passage_new(Passage *ret, size_t n_zones, size_t n_machines) {
        Passage p = {
                .zones = calloc(n_zones + 1, sizeof(FirewallZone)),
                .doors = calloc(n_zones + 1, sizeof(DoorZone)),
                .machines = calloc(n_machines + 1, sizeof(FirewallMachine)),
        };

        if (!p.zones || !p.doors || !p.machines) {
                passage_done(&p);
                return -ENOMEM;
        }
        p.set = (FirewallSet){ .zones = p.zones, .machines = p.machines };
        *ret = p;
        return 0;
}

void passage_done(Passage *p) {
        free(p->zones);
        free(p->doors);
        free(p->machines);
}

void passage_add_zone(Passage *p, const Zone *zone) {
        size_t i = p->set.n_zones++;

        p->doors[i] = (DoorZone){ .name = zone->name, .bridge = zone->bridge, .ipv6 = zone->range6.prefix > 0 };
        p->zones[i] = (FirewallZone){
                .name = zone->name, .bridge = zone->bridge, .range = zone->range, .range6 = zone->range6,
                .routed6 = zone->routed6, .uplinked = zone->uplinked, .isolated = zone->isolated, .closed = zone->closed,
                .service = zone->service,
        };
        if (zone->range6.prefix > 0 && zone->service != 0)
                p->zones[i].service6 = range6_address(&zone->range6, zone->range, zone->service);
}

void passage_add_machine(Passage *p, const Endpoint *e, const Zone *first) {
        p->machines[p->set.n_machines++] = (FirewallMachine){
                .name = e->machine, .bridge = first->bridge, .address = e->nics[0].address,
                .address6 = e->nics[0].address6, .routed6 = first->routed6, .gateway = range_gateway(first->range),
                .ports = &e->ports, .host_ports = &e->host_ports,
        };
        for (size_t i = 0; i < p->set.n_zones; i++)
                p->doors[i].host_ports |= e->host_ports.n > 0 && strcmp(p->doors[i].name, first->name) == 0;
}

static bool has_ipv6(const FirewallSet *set) {
        for (size_t i = 0; i < set->n_zones; i++)
                if (set->zones[i].range6.prefix > 0)
                        return true;
        return false;
}

/* Machines that get no further than the host over IPv6 still have IPv4. */
static void forward6(int lock) {
        _cleanup_(error_freep) Error *error = NULL;

        if (forwarding6_acquire(lock, &error) < 0 && error)
                log_warning("%s: machines reach no other network over IPv6, ignoring", error->message);
}

/* IPv6 may have been switched off since a zone came up, and its machines do not know: nothing of theirs gets past the bridge any more
 * when the rules for it go. */
static void silence6(const FirewallSet *set) {
        for (size_t i = 0; i < set->n_zones; i++)
                if (set->zones[i].range6.prefix == 0)
                        (void) netns_ipv6_write(-1, set->zones[i].bridge, &(Ipv6Setting){ "disable_ipv6", "1" }, 1);
}

int passage_open(const Passage *p, int lock, const FirewallOracle *oracle, Error **reterr) {
        int r;

        silence6(&p->set);
        r = forwarding_acquire(lock, reterr);
        if (r >= 0 && has_ipv6(&p->set))
                forward6(lock);
        if (r >= 0 && !p->stands)
                r = firewall_apply(&p->set, oracle, reterr);
        if (r >= 0)
                doors_open(p->doors, p->set.n_zones);
        return r;
}
