/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nic-take.h"

#include <string.h>

#include "doors.h"
#include "endpoint-nics.h"
#include "firewall.h"
#include "give.h"
#include "log.h"
#include "machine-link.h"
#include "names.h"
#include "neighbour.h"
#include "nics.h"
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

/* Which of the machine's links of a kind one is that stands on a link of the host's, and has no end there. */
typedef struct Stacked {
        const Endpoint *e;
        const EndpointLink *l;
        int below; /* the index of the host's link; 0: there is none, and then nothing stands on it */
} Stacked;

static bool is_as_made(const Stacked *s, const LinkInfo *link) {
        return strcmp(link->name, s->l->config.name) == 0 || (s->l->config.kind == NIC_MACVLAN && memcmp(link->mac, s->l->mac, 6) == 0);
}

/* The guest has given it another name, and another MAC address: what is on the same link of the host's. With two of ours there nobody could tell. */
static bool is_on_the_same(const Stacked *s, const LinkInfo *link) {
        size_t ours = 0;

        for (size_t i = 0; i < s->e->n_links; i++)
                ours += s->e->links[i].config.kind == s->l->config.kind && strcmp(s->e->links[i].config.link, s->l->config.link) == 0;
        return ours == 1 && s->below > 0 && link->peer == s->below;
}

static int delete_stacked(Netlink *inside, const Stacked *s, bool (*is_it)(const Stacked *s, const LinkInfo *link)) {
        _cleanup_free_ LinkInfo *links = NULL;
        int deleted = 0, r;
        size_t n = 0;

        r = link_list(inside, 0, &links, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (strcmp(links[i].kind, nic_kind_to_string(s->l->config.kind)) == 0 && is_it(s, links + i)) {
                        r = link_delete(inside, links[i].name);
                        deleted++;
                }
        return r < 0 ? r : deleted;
}

static int take_stacked(const NicTaking *t, const EndpointLink *l, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *inside = NULL;
        LinkInfo below;
        Stacked s = { t->e, l, link_get(t->nl, l->config.link, &below) < 0 ? 0 : below.index };
        int r;

        if (t->netns < 0)
                return error_set(reterr, EAGAIN, "The interface '%s' of '%s' is taken away with its next change", l->config.name, t->e->machine);
        r = netlink_new(NETLINK_ROUTE, t->netns, &inside);
        if (r >= 0)
                r = delete_stacked(inside, &s, is_as_made);
        if (r == 0)
                r = delete_stacked(inside, &s, is_on_the_same);
        if (r == 0 && s.below > 0 && t->asked)
                log_warning("The interface '%s' is not in the network of '%s': root inside has deleted it, or has moved it on and has it "
                            "until the machine ends, ignoring", l->config.name, t->e->machine);
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
