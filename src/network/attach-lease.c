/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attachment.h"

#include <arpa/inet.h>
#include <string.h>

#include "names.h"
#include "nics.h"
#include "zone-service.h"

/* The address of the service that is to be there, or 0. */
static uint32_t service_for(const NetworkRequest *req, const Zone *zone) {
        bool wanted = req->service == SERVICE_WANTED || (req->service == SERVICE_IF_SHARED && names_has_others(zone->name, req->machine));

        return wanted && zone_service_program() ? zone->service : 0;
}

static void fill_zoned(const NetworkRequest *req, const Nic *nic, NicLease *l) {
        *l = (NicLease){
                .kind = NIC_ZONE,
                .address.s_addr = htonl(nic->address),
                .gateway.s_addr = htonl(range_gateway(nic->zone->range)),
                .service.s_addr = htonl(service_for(req, nic->zone)),
                .prefix = nic->zone->range.prefix,
                .host_ifindex = nic->link.index,
        };
        if (nic->zone->range6.prefix > 0) {
                l->address6 = nic->address6;
                l->gateway6 = range6_gateway(&nic->zone->range6);
                l->prefix6 = nic->zone->range6.prefix;
                if (l->service.s_addr)
                        l->service6 = range6_address(&nic->zone->range6, nic->zone->range, nic->zone->service);
        }
        memcpy(l->mac, nic->mac, sizeof(l->mac));
        snprintf(l->zone, sizeof(l->zone), "%s", nic->zone->name);
        snprintf(l->ifname, sizeof(l->ifname), "%s", nic->config->name);
        snprintf(l->host_ifname, sizeof(l->host_ifname), "%s", nic->link.name);
        snprintf(l->bridge, sizeof(l->bridge), "%s", nic->zone->bridge);
}

static void fill_link(const NicLink *link, NicLease *l) {
        const NicConfig *c = link->config;
        const NicAddress *four = nic_address(c, AF_INET), *six = nic_address(c, AF_INET6);

        *l = (NicLease){ .kind = c->kind, .host_ifindex = link->host.index };
        if (four) {
                l->address.s_addr = htonl(four->address.v4);
                l->gateway.s_addr = four->gateway.family ? htonl(four->gateway.v4) : 0;
                l->prefix = four->prefix;
        }
        if (six) {
                l->address6 = six->address.v6;
                l->gateway6 = six->gateway.family ? six->gateway.v6 : in6addr_any;
                l->prefix6 = six->prefix;
        }
        memcpy(l->mac, link->mac, sizeof(l->mac));
        snprintf(l->link, sizeof(l->link), "%s", c->link);
        snprintf(l->ifname, sizeof(l->ifname), "%s", c->name);
        snprintf(l->host_ifname, sizeof(l->host_ifname), "%s", link->host.name);
        snprintf(l->bridge, sizeof(l->bridge), "%.15s", c->kind == NIC_BRIDGE ? c->link : "");
}

void attachment_report(const Attachment *a, NetworkLease *ret) {
        size_t zoned = 0, link = 0;

        *ret = (NetworkLease){ .n_nics = a->req->nics->n };
        for (size_t i = 0; i < a->req->nics->n; i++)
                if (a->req->nics->items[i].kind == NIC_ZONE)
                        fill_zoned(a->req, a->at.nics + zoned++, ret->nics + i);
                else
                        fill_link(a->links + link++, ret->nics + i);
}
