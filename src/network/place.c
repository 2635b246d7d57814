/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "place.h"

#include <string.h>

#include "endpoint-nics.h"
#include "lease.h"
#include "machine-link.h"
#include "neighbour.h"

void placement_done(Placement *p) {
        for (size_t i = 0; i < p->n_places; i++) {
                zone_state_free(p->places[i].state);
                free(p->places[i].ports);
        }
}

/* ---- zones ---- */

static int enter_zone(Placement *p, const char *name, Place **ret, Error **reterr) {
        Place *place = p->places + p->n_places;
        int r;

        for (size_t i = 0; i < p->n_places; i++)
                if (strcmp(p->places[i].zone.name, name) == 0) {
                        *ret = p->places + i;
                        return 0;
                }
        r = zone_state_load(name, &place->state, reterr);
        if (r < 0)
                return r;
        p->n_places++;
        *ret = place;
        return zone_up(p->nl, place->state, &place->zone, &place->changed, reterr);
}

static int look_at_ports(Placement *p, Place *place, Error **reterr) {
        int r;

        if (place->ports_known)
                return 0;
        r = link_list(p->nl, place->zone.index, &place->ports, &place->n_ports);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the ports of %s", place->zone.bridge);
        place->ports_known = true;
        return 0;
}

/* ---- addresses ---- */

/* Those of the running machines of the zone, and what this machine's interfaces before this one have been given. */
static uint32_t *addresses_in_use(const Placement *p, const Place *place, size_t *ret_n) {
        uint32_t *addresses = calloc(place->n_ports + p->n_nics + NICS_MAX + 1, sizeof(*addresses));
        size_t n = 0;

        for (size_t i = 0; addresses && i < place->n_ports; i++) {
                MachineLink link;

                if (machine_link_parse(place->ports + i, &link) && strcmp(link.machine, p->req->machine) != 0)
                        addresses[n++] = link.address;
        }
        for (size_t i = 0; addresses && p->has && i < p->has->n_nics; i++)
                if (strcmp(p->has->nics[i].zone, place->zone.name) == 0)
                        addresses[n++] = p->has->nics[i].address;
        for (size_t i = 0; addresses && i < p->n_nics; i++)
                if (p->nics[i].zone == &place->zone)
                        addresses[n++] = p->nics[i].address;
        *ret_n = n;
        return addresses;
}

/* Who else has an address is asked of the kernel, one by one: the host was told of each machine's (nic_put_place()), and of its MAC
 * address the bridge as long as the port is there. To list a thousand ports takes longer than all the rest of a start. */
typedef struct Asked {
        const Placement *placement;
        const Place *place;
        const uint8_t *own; /* MAC address: what an earlier life left is not somebody else's */
} Asked;

static bool is_used(uint32_t address, void *userdata) {
        const Asked *a = userdata;
        IpAddress ip = ip_v4(address);
        uint8_t mac[6];

        return neighbour_get(a->placement->nl, a->place->zone.index, &ip, mac) > 0 && memcmp(mac, a->own, sizeof(mac)) != 0 &&
                neighbour_has_port(a->placement->nl, a->place->zone.index, mac) != 0;
}

/* A remembered address is nobody else's, so the ports need not be looked at. */
static bool is_settled(const Place *place, const Nic *nic) {
        const Lease *own = lease_find(place->state, nic->machine, nic->in_zone);

        return own && !nic->config->mac_set && (nic->config->address == 0 || nic->config->address == own->address) && place->state->service;
}

static int choose_address(Placement *p, Place *place, Nic *nic, Error **reterr) {
        _cleanup_free_ uint32_t *in_use = NULL;
        LeaseRequest req = {
                .machine = nic->machine, .nic = nic->in_zone, .wanted = nic->config->address, .keep = p->req->keep_address,
        };
        Asked asked = { p, place, nic->mac };
        bool changed = false;
        int r;

        r = nic->config->mac_set ? look_at_ports(p, place, reterr) : 0;
        if (r >= 0)
                r = nic_choose_mac(nic, place->ports, place->n_ports, reterr);
        if (r < 0)
                return r;
        if (!nic->config->mac_set && !is_settled(place, nic)) {
                req.is_used = is_used;
                req.userdata = &asked;
        }
        req.in_use = in_use = addresses_in_use(p, place, &req.n_in_use);
        if (!in_use)
                return error_oom(reterr);
        r = lease_choose(place->state, &req, &nic->address, &changed, reterr);
        if (r < 0)
                return r;
        place->changed |= changed;
        if (place->zone.range6.prefix > 0)
                nic->address6 = range6_address(&place->zone.range6, place->zone.range, nic->address);
        return 0;
}

/* Behind the machines' own: a service may have any address, a machine may have asked for the last one. */
static int reserve_service(Placement *p, Place *place, Error **reterr) {
        _cleanup_free_ uint32_t *in_use = NULL;
        size_t n = 0;
        int r;

        if (place->state->service)
                return 0;
        r = look_at_ports(p, place, reterr);
        if (r < 0)
                return r;
        in_use = addresses_in_use(p, place, &n);
        if (!in_use)
                return error_oom(reterr);
        if (lease_reserve_service(place->state, in_use, n) > 0)
                place->changed = true;
        place->zone.service = place->state->service;
        return 0;
}

/* ---- all of them ---- */

/* Whether an interface that a running machine has is its number `in_zone` there. */
static bool is_taken(const Placement *p, const Place *place, unsigned in_zone) {
        const Lease *lease = lease_find(place->state, p->req->machine, in_zone);
        uint8_t mac[6];

        nic_default_mac(p->req->machine, place->zone.name, in_zone, mac);
        for (size_t i = 0; i < p->has->n_nics; i++) {
                const EndpointNic *n = p->has->nics + i;

                if (strcmp(n->zone, place->zone.name) == 0 &&
                    ((lease && lease->address == n->address) || memcmp(mac, n->mac, sizeof(mac)) == 0))
                        return true;
        }
        return false;
}

static unsigned number_in_zone(const Placement *p, const Place *place, size_t i) {
        unsigned in_zone = 1;

        for (size_t k = 0; k < i; k++)
                in_zone += p->nics[k].zone == &place->zone;
        while (p->has && is_taken(p, place, in_zone))
                in_zone++;
        return in_zone;
}

static bool has_number(const Placement *p, unsigned number) {
        for (size_t i = 0; i < p->n_nics; i++)
                if (p->nics[i].number == number)
                        return true;
        return false;
}

/* What its link is called after. That of a passing machine of the same name may still be there, for its namespace goes some time after it: to take
 * the name from that link holds up all others (nic.c), so this one is called otherwise. Who is asked does not wait for them. */
static unsigned passing_number(const Placement *p) {
        char name[IF_NAMESIZE];
        unsigned number = 0;

        for (; number < NICS_MAX; number++) {
                machine_link_name(p->req->machine, number, name);
                if (!has_number(p, number) && netlink_ifindex(p->nl, name) == -ENODEV)
                        return number;
        }
        for (number = 0; has_number(p, number);)
                number++;
        return number;
}

static unsigned choose_number(const Placement *p) {
        if (p->has)
                return endpoint_free_nic_number(p->has);
        return p->req->keep_address ? (unsigned) p->n_nics : passing_number(p);
}

static int place_nic(Placement *p, const NicConfig *config, bool published, Error **reterr) {
        size_t i = p->n_nics;
        Nic *nic = p->nics + i;
        Place *place;
        int r;

        *nic = (Nic){
                .machine = p->req->machine, .config = config,
                .number = choose_number(p),
                /* With br_netfilter (Docker loads it), a published port is translated within the bridge already: a
                 * machine that calls its own by the host's address is answered through the same port. */
                .hairpin = i == 0 && published && !p->has,
        };
        r = enter_zone(p, nic->config->zone, &place, reterr);
        if (r < 0)
                return r;
        nic->zone = &place->zone;
        nic->in_zone = number_in_zone(p, place, i);
        r = choose_address(p, place, nic, reterr);
        if (r >= 0)
                p->n_nics = i + 1;
        return r;
}

int placement_make(Placement *p, bool published, Error **reterr) {
        int r = 0;

        for (const NicConfig *c = p->req->nics->items; r >= 0 && c < p->req->nics->items + p->req->nics->n; c++)
                if (c->kind == NIC_ZONE)
                        r = place_nic(p, c, published, reterr);
        for (size_t i = 0; r >= 0 && i < p->n_places; i++) {
                r = reserve_service(p, p->places + i, reterr);
                if (r >= 0 && p->places[i].changed)
                        r = zone_state_save(p->places[i].state, reterr);
        }
        return r;
}
