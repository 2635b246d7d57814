/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-nft-elements.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "port-map.h"

void nft_elements_clear(NftElements *l) {
        free(l->items);
        *l = (NftElements){};
}

int nft_elements_add(NftElements *l, const NftElement *e) {
        if (l->n == l->allocated) {
                size_t n = l->allocated > 0 ? l->allocated * 2 : 32;
                NftElement *items = reallocarray(l->items, n, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->allocated = n;
        }
        l->items[l->n++] = *e;
        return 0;
}

static int compare(const void *a, const void *b) {
        const NftElement *x = a, *y = b;

        if (x->family != y->family)
                return x->family < y->family ? -1 : 1;
        return x->set != y->set ? (x->set < y->set ? -1 : 1) : strcmp(x->key, y->key);
}

void nft_elements_sort(NftElements *l) {
        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), compare);
}

const NftElement *nft_elements_find(const NftElements *l, const NftElement *like) {
        return l->n > 0 ? bsearch(like, l->items, l->n, sizeof(*l->items), compare) : NULL;
}

IpAddress nft_element_address(const NftElement *e) {
        IpAddress a = { .family = e->family };
        uint32_t v4;

        memcpy(&v4, e->address, sizeof(v4));
        if (e->family == AF_INET6)
                memcpy(&a.v6, e->address, sizeof(a.v6));
        else
                a.v4 = ntohl(v4);
        return a;
}

static void set_data(NftElement *e, const IpAddress *address, uint16_t port) {
        char text[IP_TEXT_MAX];

        snprintf(e->data, sizeof(e->data), "%s . %u", ip_format(address, text), port);
}

static void set_address(NftElement *e, const IpAddress *address) {
        uint32_t v4 = htonl(address->v4);

        if (address->family == AF_INET6)
                memcpy(e->address, &address->v6, sizeof(address->v6));
        else
                memcpy(e->address, &v4, sizeof(v4));
}

static void set_range(NftElement *e, const IpAddress *base, unsigned prefix) {
        unsigned width = base->family == AF_INET6 ? 128 : 32;
        char text[IP_TEXT_MAX];

        set_address(e, base);
        memcpy(e->last, e->address, sizeof(e->last));
        for (unsigned i = prefix; i < width; i++)
                e->last[i / 8] |= (uint8_t) (0x80 >> i % 8);
        snprintf(e->key, sizeof(e->key), "%s/%u", ip_format(base, text), prefix);
}

/* ---- what is needed ---- */

static int add_to(NftElements *l, NftElement *e, NftSet set) {
        e->set = set;
        return nft_elements_add(l, e);
}

static int want_bridge(NftElements *l, const FirewallZone *z, NftElement e) {
        int r;

        snprintf(e.key, sizeof(e.key), "\"%s\"", z->bridge);
        r = add_to(l, &e, NFT_SET_BRIDGES);
        if (r >= 0 && z->closed)
                r = add_to(l, &e, NFT_SET_CLOSED);
        if (r >= 0 && e.family == AF_INET6 && !z->uplinked)
                r = add_to(l, &e, NFT_SET_GUARDED);
        snprintf(e.key, sizeof(e.key), "\"%s\" . \"%s\"", z->bridge, z->bridge);
        return r < 0 ? r : add_to(l, &e, z->isolated ? NFT_SET_ISOLATED : NFT_SET_NEIGHBOURS);
}

static int want_service(NftElements *l, const IpAddress *service, NftElement e) {
        char text[IP_TEXT_MAX];

        set_address(&e, service);
        snprintf(e.key, sizeof(e.key), "%s", ip_format(service, text));
        return add_to(l, &e, NFT_SET_SERVICES);
}

static int want_zone(NftElements *l, const FirewallZone *z, int family) {
        IpAddress base = family == AF_INET ? ip_v4(z->range.base) : ip_v6(&z->range6.base);
        IpAddress service = family == AF_INET ? ip_v4(z->service) : ip_v6(&z->service6);
        unsigned prefix = family == AF_INET ? z->range.prefix : z->range6.prefix;
        NftElement e = { .family = family };
        int r;

        if (prefix == 0)
                return 0;
        zone_tag(e.tag, z->name);
        r = want_bridge(l, z, e);
        if (r >= 0 && z->isolated && !port_address_is_any(&service))
                r = want_service(l, &service, e);
        set_range(&e, &base, prefix);
        if (r >= 0)
                r = add_to(l, &e, NFT_SET_RANGES);
        if (r >= 0 && family == AF_INET6 && z->routed6)
                r = add_to(l, &e, NFT_SET_ROUTED);
        return r;
}

static void set_port_key(NftElement *e, const IpAddress *address, unsigned port) {
        char text[IP_TEXT_MAX];

        e->port = (uint16_t) port;
        if (address)
                snprintf(e->key, sizeof(e->key), "%s . %u", ip_format(address, text), port);
        else
                snprintf(e->key, sizeof(e->key), "%u", port);
}

/* An element a port, for nft has no word for a DNAT that shifts a range. */
static int want_published(NftElements *l, const FirewallMachine *m, int family, const PortMap *p) {
        const IpAddress *at = port_address_is_any(&p->address) ? NULL : &p->address;
        bool udp = p->protocol == IPPROTO_UDP;
        IpAddress to = firewall_machine_address(m, family);
        NftElement e = { .family = family };
        int r = 0;

        if (!firewall_is_published(m, p, family))
                return 0;
        if (at)
                set_address(&e, at);
        machine_tag(e.tag, m->name);
        for (unsigned i = 0; i < p->count && r >= 0; i++) {
                set_port_key(&e, at, p->host + i);
                set_data(&e, &to, (uint16_t) (p->machine + i));
                if (at)
                        r = add_to(l, &e, udp ? NFT_SET_UDP_AT : NFT_SET_TCP_AT);
                else
                        r = add_to(l, &e, udp ? NFT_SET_UDP : NFT_SET_TCP);
        }
        return r;
}

static int want_own(NftElements *l, const FirewallMachine *m, const PortMap *p) {
        IpAddress own = firewall_machine_address(m, AF_INET6);
        NftElement e = { .family = AF_INET6 };
        int r = 0;

        if (!firewall_is_routed(m, p))
                return 0;
        machine_tag(e.tag, m->name);
        set_address(&e, &own);
        for (unsigned i = 0; i < p->count && r >= 0; i++) {
                set_port_key(&e, &own, p->machine + i);
                r = add_to(l, &e, p->protocol == IPPROTO_UDP ? NFT_SET_UDP_OWN : NFT_SET_TCP_OWN);
        }
        return r;
}

/* The bridge and both addresses are part of the key: another machine's gateway has other ports. */
static int want_host_port(NftElements *l, const FirewallMachine *m, const PortMap *p) {
        NftElement e = { .family = AF_INET };
        IpAddress loopback = ip_v4(INADDR_LOOPBACK);
        char address[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX];
        int r = 0;

        machine_tag(e.tag, m->name);
        for (unsigned i = 0; i < p->count && r >= 0; i++) {
                snprintf(e.key, sizeof(e.key), "\"%s\" . %s . %s . %u", m->bridge, address_format(m->address, address),
                         address_format(m->gateway, gateway), p->machine + i);
                set_data(&e, &loopback, (uint16_t) (p->host + i));
                r = add_to(l, &e, p->protocol == IPPROTO_UDP ? NFT_SET_UDP_HOST : NFT_SET_TCP_HOST);
        }
        return r;
}

static int want_machine(NftElements *l, const FirewallMachine *m) {
        int r = 0;

        for (const PortMap *p = m->ports->items; p < m->ports->items + m->ports->n && r >= 0; p++) {
                for (size_t i = 0; i < N_NFT_FAMILIES && r >= 0; i++)
                        r = want_published(l, m, nft_families[i], p);
                if (r >= 0)
                        r = want_own(l, m, p);
        }
        for (size_t i = 0; i < m->host_ports->n && r >= 0; i++)
                r = want_host_port(l, m, m->host_ports->items + i);
        return r;
}

int nft_elements_want(NftElements *l, const FirewallSet *set) {
        int r = 0;

        for (size_t i = 0; i < set->n_zones; i++)
                for (size_t f = 0; f < N_NFT_FAMILIES && r >= 0; f++)
                        r = want_zone(l, set->zones + i, nft_families[f]);
        for (size_t i = 0; i < set->n_machines && r >= 0; i++)
                r = want_machine(l, set->machines + i);
        if (r >= 0)
                nft_elements_sort(l);
        return r;
}
