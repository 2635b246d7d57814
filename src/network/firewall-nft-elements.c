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

        return x->set != y->set ? (x->set < y->set ? -1 : 1) : strcmp(x->key, y->key);
}

void nft_elements_sort(NftElements *l) {
        if (l->n > 0)
                qsort(l->items, l->n, sizeof(*l->items), compare);
}

const NftElement *nft_elements_find(const NftElements *l, const NftElement *like) {
        return l->n > 0 ? bsearch(like, l->items, l->n, sizeof(*l->items), compare) : NULL;
}

static void set_data(NftElement *e, uint32_t address, uint16_t port) {
        char text[ADDRESS_TEXT_MAX];

        snprintf(e->data, sizeof(e->data), "%s . %u", address_format(address, text), port);
}

/* ---- what is needed ---- */

static int want_zone(NftElements *l, const FirewallZone *z) {
        char address[ADDRESS_TEXT_MAX];
        NftElement e = { .set = NFT_SET_BRIDGES };
        int r;

        zone_tag(e.tag, z->name);
        snprintf(e.key, sizeof(e.key), "\"%s\"", z->bridge);
        r = nft_elements_add(l, &e);
        e.set = NFT_SET_CLOSED;
        if (r >= 0 && z->closed)
                r = nft_elements_add(l, &e);
        e.set = z->isolated ? NFT_SET_ISOLATED : NFT_SET_NEIGHBOURS;
        snprintf(e.key, sizeof(e.key), "\"%s\" . \"%s\"", z->bridge, z->bridge);
        if (r >= 0)
                r = nft_elements_add(l, &e);
        e.set = NFT_SET_SERVICES;
        snprintf(e.key, sizeof(e.key), "%s", address_format(z->service, address));
        if (r >= 0 && z->isolated && z->service != 0)
                r = nft_elements_add(l, &e);
        e.set = NFT_SET_RANGES;
        e.address = z->range.base;
        e.last = z->range.base | ~range_mask(z->range);
        snprintf(e.key, sizeof(e.key), "%s/%u", address_format(z->range.base, address), z->range.prefix);
        return r < 0 ? r : nft_elements_add(l, &e);
}

/* An element a port, for nft has no word for a DNAT that shifts a range. */
static int want_published(NftElements *l, const FirewallMachine *m, const PortMap *p) {
        bool udp = p->protocol == IPPROTO_UDP;
        NftElement e = { .address = p->address.v4 };
        char address[ADDRESS_TEXT_MAX];
        int r = 0;

        if (!port_address_is_of(&p->address, AF_INET))
                return 0;
        if (!port_address_is_any(&p->address))
                e.set = udp ? NFT_SET_UDP_AT : NFT_SET_TCP_AT;
        else
                e.set = udp ? NFT_SET_UDP : NFT_SET_TCP;
        machine_tag(e.tag, m->name);
        for (unsigned i = 0; i < p->count && r >= 0; i++) {
                e.port = (uint16_t) (p->host + i);
                if (e.address != 0)
                        snprintf(e.key, sizeof(e.key), "%s . %u", address_format(e.address, address), e.port);
                else
                        snprintf(e.key, sizeof(e.key), "%u", e.port);
                set_data(&e, m->address, (uint16_t) (p->machine + i));
                r = nft_elements_add(l, &e);
        }
        return r;
}

/* The bridge and both addresses are part of the key: another machine's gateway has other ports. */
static int want_host_port(NftElements *l, const FirewallMachine *m, const PortMap *p) {
        NftElement e = { .set = p->protocol == IPPROTO_UDP ? NFT_SET_UDP_HOST : NFT_SET_TCP_HOST };
        char address[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX];
        int r = 0;

        machine_tag(e.tag, m->name);
        for (unsigned i = 0; i < p->count && r >= 0; i++) {
                snprintf(e.key, sizeof(e.key), "\"%s\" . %s . %s . %u", m->bridge, address_format(m->address, address),
                         address_format(m->gateway, gateway), p->machine + i);
                set_data(&e, INADDR_LOOPBACK, (uint16_t) (p->host + i));
                r = nft_elements_add(l, &e);
        }
        return r;
}

int nft_elements_want(NftElements *l, const FirewallSet *set) {
        int r = 0;

        for (size_t i = 0; i < set->n_zones && r >= 0; i++)
                r = want_zone(l, set->zones + i);
        for (size_t i = 0; i < set->n_machines && r >= 0; i++) {
                const FirewallMachine *m = set->machines + i;

                for (size_t p = 0; p < m->ports->n && r >= 0; p++)
                        r = want_published(l, m, m->ports->items + p);
                for (size_t p = 0; p < m->host_ports->n && r >= 0; p++)
                        r = want_host_port(l, m, m->host_ports->items + p);
        }
        if (r >= 0)
                nft_elements_sort(l);
        return r;
}
