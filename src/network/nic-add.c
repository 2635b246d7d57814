/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nic-add.h"

#include <string.h>

#include "endpoint-nics.h"
#include "forwarding.h"
#include "give.h"
#include "machine-link.h"
#include "names.h"
#include "passage.h"
#include "rates.h"
#include "zone-service.h"

void nic_add_done(NicAddition *a) {
        placement_done(&a->at);
}

/* ---- what it will be ---- */

/* What is published leads to the first zone, by rules; where there was none, the supervisor carries it elsewhere. */
static int check_ports(const Endpoint *e, Error **reterr) {
        if (e->n_nics > 0 || e->ports.n == 0)
                return 0;
        error_set(reterr, EBUSY, "Ports of '%s' lead to an interface in no zone, and would lead to the zone", e->machine);
        return error_hint(reterr, -EBUSY, "`nbox port list %s` shows them; `nbox port remove` them first, and add them again afterwards.", e->machine);
}

static int choose_zoned(NicAddition *a, Error **reterr) {
        EndpointNic *n = a->e->nics + a->e->n_nics;
        const Nic *nic = a->at.nics;
        int r;

        r = check_ports(a->e, reterr);
        if (r < 0)
                return r;
        a->list = (NicList){ a->config, 1 };
        a->req = (NetworkRequest){ .machine = a->e->machine, .netns = a->netns, .nics = &a->list, .keep_address = a->keep_address };
        a->at = (Placement){ .req = &a->req, .nl = a->nl, .has = a->e };
        r = placement_make(&a->at, false, reterr);
        if (r < 0)
                return r;
        *n = (EndpointNic){ .number = nic->number, .address = nic->address, .address6 = nic->address6 };
        snprintf(n->zone, sizeof(n->zone), "%s", nic->zone->name);
        snprintf(n->name, sizeof(n->name), "%s", a->config->name);
        memcpy(n->mac, nic->mac, sizeof(n->mac));
        a->e->n_nics++;
        a->wants_service = nic->zone->service != 0 && zone_service_program();
        return 0;
}

static int choose_link(NicAddition *a, Error **reterr) {
        EndpointLink *l = a->e->links + a->e->n_links;
        int r;

        if (a->config->kind == NIC_INTERFACE) {
                r = give_look(a->nl, a->config, a->e, reterr);
                if (r < 0)
                        return r;
        }
        *l = (EndpointLink){ .config = *a->config, .number = endpoint_free_number(a->e, a->config->kind) };
        a->e->n_links++;
        a->link = (NicLink){ .machine = a->e->machine, .config = &l->config, .number = l->number };
        if (a->config->kind == NIC_INTERFACE)
                memcpy(a->link.mac, a->e->given[a->e->n_given - 1].mac, sizeof(a->link.mac));
        return 0;
}

int nic_add_choose(NicAddition *a, Error **reterr) {
        if (a->e->n_nics + a->e->n_links >= NICS_MAX)
                return error_set(reterr, E2BIG, "The machine '%s' has %d interfaces, and can have no more", a->e->machine, NICS_MAX);
        return a->config->kind == NIC_ZONE ? choose_zoned(a, reterr) : choose_link(a, reterr);
}

/* ---- making it ---- */

static bool machine_is_alive(const char *machine, void *userdata) {
        return machine_link_exists(userdata, machine);
}

/* The machine's own rules are about its first interface, which was there before or has no ports yet. */
static int let_through(const NicAddition *a, Error **reterr) {
        FirewallOracle oracle = { .machine_is_alive = machine_is_alive, .userdata = a->nl };
        _cleanup_(passage_done) Passage passage = {};
        int r;

        if (passage_new(&passage, 1, 0) < 0)
                return error_oom(reterr);
        passage_add_zone(&passage, &a->at.places[0].zone);
        r = passage_open(&passage, a->lock, &oracle, reterr);
        if (r >= 0)
                forwarding_let_loopback(a->at.places[0].zone.bridge);
        return r;
}

/* A way out that the machine has already, from us or of its own making, stays. */
static bool has_way_out(const NicAddition *a, int family) {
        _cleanup_free_ RouteInfo *routes = NULL;
        size_t n = 0;

        if (route_list(a->inside, family, &routes, &n) < 0)
                return true;
        for (size_t i = 0; i < n; i++)
                if (!routes[i].address && routes[i].prefix == 0 && routes[i].index > 0 && routes[i].index != 1)
                        return true;
        return false;
}

static int make_zoned(NicAddition *a, const char *altname, Error **reterr) {
        Nic *nic = a->at.nics;
        NicInside to = { .nl = a->inside, .netns = a->netns, .altname = altname };
        int r;

        r = let_through(a, reterr);
        if (r >= 0)
                r = nic_make(a->nl, nic, a->netns, reterr);
        if (r >= 0)
                r = rates_apply(a->nl, a->e, nic->link.name, nic->link.index, reterr);
        if (r >= 0)
                r = names_begin(nic->zone->name, range_gateway(nic->zone->range), reterr);
        if (r >= 0)
                r = names_add(a->e, reterr);
        if (r < 0)
                return r;
        to.default_route = !has_way_out(a, AF_INET);
        to.default_route6 = nic->zone->range6.prefix > 0 && !has_way_out(a, AF_INET6);
        return nic_set_up_inside(&to, nic, reterr);
}

static int make_link(NicAddition *a, const char *altname, Error **reterr) {
        EndpointLink *l = a->e->links + a->e->n_links - 1;
        int r;

        if (a->config->kind == NIC_INTERFACE)
                r = give_send(a->nl, a->e, a->config, a->netns, reterr);
        else
                r = nic_link_make(a->nl, &a->link, a->netns, reterr);
        if (r < 0)
                return r;
        snprintf(l->host, sizeof(l->host), "%s", a->link.host.name);
        memcpy(l->mac, a->link.mac, sizeof(l->mac));
        return nic_link_set_up_inside(a->inside, &a->link, altname, reterr);
}

int nic_add_make(NicAddition *a, Error **reterr) {
        char altname[IF_NAMESIZE];

        snprintf(altname, sizeof(altname), "eth%zu", a->e->n_nics + a->e->n_links - 1);
        return a->config->kind == NIC_ZONE ? make_zoned(a, altname, reterr) : make_link(a, altname, reterr);
}
