/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nic-link.h"

#include <string.h>

#include "host-hash.h"
#include "name.h"
#include "nics.h"

/* The same for this interface of this machine on this host, at every start: networks that hand out addresses by it know it again. */
static void choose_mac(NicLink *link) {
        const NicConfig *c = link->config;
        char purpose[64 + MACHINE_NAME_MAX + LINK_NAME_MAX];

        if (c->mac_set) {
                memcpy(link->mac, c->mac, sizeof(link->mac));
                return;
        }
        snprintf(purpose, sizeof(purpose), "%s %s %s %s", nic_kind_to_string(c->kind), c->link, link->machine, c->name);
        stable_mac(purpose, link->mac);
}

int nic_link_make(Netlink *nl, NicLink *link, int netns, Error **reterr) {
        static int (*const make[NIC_KINDS])(Netlink *nl, NicLink *link, int netns, Error **reterr) = {
                [NIC_VETH] = nic_link_make_pair,       [NIC_EXTRA] = nic_link_make_pair,     [NIC_BRIDGE] = nic_link_make_pair,
                [NIC_MACVLAN] = nic_link_make_stacked, [NIC_IPVLAN] = nic_link_make_stacked,
        };

        if (!make[link->config->kind])
                return error_set(reterr, EOPNOTSUPP, "An interface of the kind %s is not made", nic_kind_to_string(link->config->kind));
        if (link->config->kind != NIC_IPVLAN)
                choose_mac(link);
        return make[link->config->kind](nl, link, netns, reterr);
}

static void put_addresses(Netlink *inside, const NicConfig *c, int index) {
        if (c->n_addresses > 0)
                link_put_up(inside, index);
        for (const NicAddress *a = c->addresses; a < c->addresses + c->n_addresses; a++) {
                link_put_address(inside, index, &a->address, a->prefix);
                if (a->gateway.family)
                        link_put_default_route(inside, index, &a->gateway);
        }
}

int nic_link_set_up_inside(Netlink *inside, const NicLink *link, const char *altname, Error **reterr) {
        const char *name = link->config->name;
        int r, index;

        r = index = netlink_ifindex(inside, name);
        if (r >= 0 && altname) {
                link_put_altname(inside, name, altname);
                (void) netlink_run(inside, NULL, NULL, NULL); /* a convenience */
        }
        if (r >= 0) {
                put_addresses(inside, link->config, index);
                r = netlink_run(inside, NULL, NULL, NULL);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot set up %s inside the machine '%s'", name, link->machine) : 0;
}
