/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nic-take.h"

#include <string.h>

#include "doors.h"
#include "endpoint-nics.h"
#include "firewall.h"
#include "give.h"
#include "machine-link.h"
#include "names.h"
#include "neighbour.h"
#include "rates.h"
#include "zone.h"

int nic_leave_zone(const NicTaking *t, const char *zone, Error **reterr) {
        int r = zone_down_if_unused(t->nl, zone, reterr);

        if (r <= 0)
                return r;
        r = firewall_remove(NULL, zone, reterr);
        return r < 0 ? r : doors_close(zone, reterr);
}

/* Delete a link of the host's that is this machine's; one that is not there, or not its own any more, is none. */
static int delete_own(const NicTaking *t, const char *name, Error **reterr) {
        char owner[MACHINE_NAME_MAX + 1];
        LinkInfo link;
        int r;

        if (!*name || link_get(t->nl, name, &link) < 0 || !machine_link_owner(&link, owner) || strcmp(owner, t->e->machine) != 0)
                return 0;
        r = link_delete(t->nl, name);
        return r < 0 ? error_errno(reterr, r, "Cannot remove the link %s of the machine '%s'", name, t->e->machine) : 0;
}

static bool is_listed(const Endpoint *e, const char *name) {
        char own[IF_NAMESIZE];
        bool found = false;

        for (size_t i = 0; i < e->n_nics; i++) {
                machine_link_name(e->machine, e->nics[i].number, own);
                found |= strcmp(own, name) == 0;
        }
        for (size_t i = 0; i < e->n_links; i++)
                found |= strcmp(e->links[i].host, name) == 0;
        return found;
}

/* The host's end of a pair whose making was killed before its name was written down. */
static int delete_unlisted(const NicTaking *t, Error **reterr) {
        char owner[MACHINE_NAME_MAX + 1];
        _cleanup_free_ LinkInfo *links = NULL;
        size_t n = 0;
        int r;

        r = link_list(t->nl, 0, &links, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (machine_link_owner(links + i, owner) && strcmp(owner, t->e->machine) == 0 && !is_listed(t->e, links[i].name))
                        r = delete_own(t, links[i].name, reterr);
        return r;
}

static void forget_place(const NicTaking *t, const EndpointNic *nic) {
        IpAddress address = ip_v4(nic->address), address6 = ip_v6(&nic->address6);
        char bridge[IF_NAMESIZE];
        LinkInfo link;

        zone_bridge_name(nic->zone, bridge);
        if (link_get(t->nl, bridge, &link) < 0)
                return;
        neighbour_put_gone(t->nl, link.index, &address);
        if (!IN6_IS_ADDR_UNSPECIFIED(&nic->address6))
                neighbour_put_gone(t->nl, link.index, &address6);
        (void) netlink_run(t->nl, NULL, NULL, NULL);
}

static int take_zoned(const NicTaking *t, size_t i, Error **reterr) {
        EndpointNic nic = t->e->nics[i];
        char name[IF_NAMESIZE];
        int r;

        machine_link_name(t->e->machine, nic.number, name);
        r = delete_own(t, name, reterr);
        if (r >= 0 && t->e->egress_rate > 0)
                r = rates_remove(name, reterr);
        if (r < 0)
                return r;
        forget_place(t, &nic);
        endpoint_drop_nic(t->e, i);
        names_remove(t->e->machine);
        r = t->e->n_nics > 0 ? names_add(t->e, reterr) : 0;
        return r < 0 ? r : nic_leave_zone(t, nic.zone, reterr);
}

/* One that stands on a link of the host's, and has no end there. The guest may have renamed it: its MAC address tells, or it is let be. */
static int take_stacked(const NicTaking *t, const EndpointLink *l, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *inside = NULL;
        const char *kind = l->config.kind == NIC_MACVLAN ? "macvlan" : "ipvlan";
        _cleanup_free_ LinkInfo *links = NULL;
        size_t n = 0;
        int r;

        if (t->netns < 0)
                return error_set(reterr, EAGAIN, "The interface '%s' of '%s' is taken away with its next change", l->config.name, t->e->machine);
        r = netlink_new(NETLINK_ROUTE, t->netns, &inside);
        if (r >= 0)
                r = link_list(inside, 0, &links, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (strcmp(links[i].kind, kind) == 0 &&
                    (strcmp(links[i].name, l->config.name) == 0 || (l->config.kind == NIC_MACVLAN && memcmp(links[i].mac, l->mac, 6) == 0)))
                        r = link_delete(inside, links[i].name);
        return r < 0 ? error_errno(reterr, r, "Cannot remove the interface '%s' of '%s'", l->config.name, t->e->machine) : 0;
}

static int take_link(const NicTaking *t, size_t i, Error **reterr) {
        const EndpointLink *l = t->e->links + i;
        int r;

        switch (l->config.kind) {
        case NIC_INTERFACE:
                r = give_back_one(t->nl, t->e, l->config.link, reterr);
                break;
        case NIC_MACVLAN:
        case NIC_IPVLAN:
                r = take_stacked(t, l, reterr);
                break;
        default:
                r = *l->host ? delete_own(t, l->host, reterr) : delete_unlisted(t, reterr);
        }
        if (r >= 0)
                endpoint_drop_link(t->e, i);
        return r;
}

int nic_take(const NicTaking *t, const char *name, Error **reterr) {
        size_t nic = endpoint_find_nic(t->e, name), link = endpoint_find_link(t->e, name);

        if (nic < t->e->n_nics)
                return take_zoned(t, nic, reterr);
        return link < t->e->n_links ? take_link(t, link, reterr) : 0;
}
