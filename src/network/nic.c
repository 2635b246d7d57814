/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nic.h"

#include <fcntl.h>
#include <string.h>

#include "address.h"
#include "bridge-isolation.h"
#include "bridge-quiet.h"
#include "host-hash.h"
#include "link-move.h"
#include "machine-link.h"
#include "name.h"
#include "neighbour.h"
#include "netns.h"
#include "veth.h"

/* ---- its MAC address ---- */

void nic_default_mac(const char *machine, const char *zone, unsigned in_zone, uint8_t ret[6]) {
        char purpose[64 + MACHINE_NAME_MAX];

        if (in_zone > 1)
                snprintf(purpose, sizeof(purpose), "machine %s %s %u", zone, machine, in_zone);
        else
                snprintf(purpose, sizeof(purpose), "machine %s %s", zone, machine);
        stable_mac(purpose, ret);
}

static int refuse_mac(const Nic *nic, const char *owner, Error **reterr) {
        char mac[MAC_TEXT_MAX];

        error_set(reterr, EADDRINUSE, "The MAC address %s is that of %s in the zone '%s'", mac_format(nic->mac, mac), owner,
                  nic->zone->name);
        return error_hint(reterr, -EADDRINUSE, "Choose another one with mac=, or leave it out: each machine then has one of its own.");
}

int nic_choose_mac(Nic *nic, const LinkInfo *ports, size_t n_ports, Error **reterr) {
        if (!nic->config->mac_set) {
                nic_default_mac(nic->machine, nic->zone->name, nic->in_zone, nic->mac);
                return 0;
        }
        memcpy(nic->mac, nic->config->mac, sizeof(nic->mac));
        if (memcmp(nic->mac, nic->zone->mac, sizeof(nic->mac)) == 0)
                return refuse_mac(nic, "the host", reterr);
        for (size_t i = 0; i < n_ports; i++) {
                char owner[MACHINE_NAME_MAX + 32];
                MachineLink link;

                if (!machine_link_parse(ports + i, &link)) {
                        if (memcmp(ports[i].mac, nic->mac, sizeof(nic->mac)) == 0)
                                return refuse_mac(nic, ports[i].name, reterr);
                        continue;
                }
                if (strcmp(link.machine, nic->machine) == 0 || memcmp(link.mac, nic->mac, sizeof(nic->mac)) != 0)
                        continue;
                snprintf(owner, sizeof(owner), "the machine '%s'", link.machine);
                return refuse_mac(nic, owner, reterr);
        }
        return 0;
}

/* ---- making it ---- */

void nic_put_place(Netlink *nl, const NicPlace *place) {
        static const uint8_t none[6];
        IpAddress address = ip_v4(place->address), address6 = ip_v6(&place->address6);

        if (memcmp(place->mac, none, sizeof(none)) == 0)
                return;
        neighbour_put_port(nl, place->port, place->mac);
        neighbour_put(nl, place->bridge, &address, place->mac);
        if (!IN6_IS_ADDR_UNSPECIFIED(&place->address6))
                neighbour_put(nl, place->bridge, &address6, place->mac);
}

/* One that is about to go by itself gives up its names; to remove it takes long. Renaming needs Linux 6.2, which lets it be up. */
static int make_room(Netlink *nl, const char *name, const char *altname) {
        LinkInfo link;
        int r = link_get(nl, name, &link);

        if (r < 0)
                return r == -ENODEV ? 0 : r;
        if (!link_is_going(nl, &link))
                return link_delete(nl, name);
        link_put_altname_gone(nl, link.index, altname);
        (void) netlink_run(nl, NULL, NULL, NULL);
        link_put_name(nl, link.index, "nb-gone%d");
        r = netlink_run(nl, NULL, NULL, NULL);
        return r == 0 || r == -ENODEV ? 0 : link_delete(nl, name);
}

static int make_pair(Netlink *nl, Nic *nic, int netns, Error **reterr) {
        char name[IF_NAMESIZE], altname[ALTIFNAMSIZ], alias[LINK_ALIAS_MAX];
        VethRequest req = {
                .name = name,
                .altname = altname,
                .alias = alias,
                .own_name = true,
                .bridge = nic->zone->index,
                .netns = netns,
                .peer_name = nic->config->name,
                .peer_mac = nic->mac,
                .hairpin = nic->hairpin,
                .isolated = nic->zone->isolates_ports,
                .group = nic->zone->isolated ? ISOLATED_GROUP : nic->zone->uplinked ? 0 : QUIET_GROUP,
        };
        MachineLink owner = { .address = nic->address };
        int r;

        machine_link_name(nic->machine, nic->number, name);
        machine_link_altname(nic->machine, nic->number, altname);
        snprintf(owner.machine, sizeof(owner.machine), "%s", nic->machine);
        memcpy(owner.mac, nic->mac, sizeof(owner.mac));
        machine_link_alias(&owner, alias);
        r = veth_create(nl, &req, &nic->link);
        if (r == -EEXIST) { /* the name is this machine's alone: what is there is of a dead one */
                r = make_room(nl, name, altname);
                if (r >= 0)
                        r = veth_create(nl, &req, &nic->link);
        }
        if (r == -EXFULL)
                return error_set(reterr, r, "The zone '%s' is full: a bridge has at most 1,023 ports", nic->zone->name);
        return r < 0 ? error_errno(reterr, r, "Cannot make the veth pair %s of the machine '%s'", name, nic->machine) : 0;
}

int nic_make(Netlink *nl, Nic *nic, int netns, Error **reterr) {
        int r = make_pair(nl, nic, netns, reterr);

        if (r < 0)
                return r;
        nic_put_place(nl, &(NicPlace){ nic->zone->index, nic->link.index, nic->address, nic->address6, nic->mac });
        r = netlink_run(nl, NULL, NULL, NULL);
        return r < 0 ? error_errno(reterr, r, "Cannot say where the machine '%s' is in the zone '%s'", nic->machine, nic->zone->name) : 0;
}

/* Our end never speaks IPv6: the link-local chatter of each port reaches all others, which is what makes the thousandth start slow.
 * The machine's end, which is still down, so that nothing has begun, has the address that we give it and no other but its link-local
 * one, both of them at once: nobody else in the zone can have them. A router that says it is one is none of ours; a guest that wants to
 * hear it may switch that on again. */
static const Ipv6Setting ipv6_off[] = { { "disable_ipv6", "1" } }, ipv6_on[] = { { "accept_ra", "0" }, { "accept_dad", "0" } };

void nic_settle_inside(const Nic *nic, int netns, int proc) {
        bool on = nic->zone->range6.prefix > 0;

        (void) netns_ipv6_write_by(proc, netns, nic->config->name, on ? ipv6_on : ipv6_off, on ? ELEMENTSOF(ipv6_on) : ELEMENTSOF(ipv6_off));
}

static void set_ipv6(const NicInside *inside, const Nic *nic) {
        _cleanup_close_ int proc = inside->settled ? -1 : open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        (void) netns_ipv6_write(-1, nic->link.name, ipv6_off, ELEMENTSOF(ipv6_off));
        if (proc >= 0)
                nic_settle_inside(nic, inside->netns, proc);
}

static void put_ipv4(const NicInside *inside, const Nic *nic, int index) {
        IpAddress address = ip_v4(nic->address), gateway = ip_v4(range_gateway(nic->zone->range));

        link_put_address(inside->nl, index, &address, nic->zone->range.prefix);
        if (inside->default_route)
                link_put_default_route(inside->nl, index, &gateway);
}

/* The route to the zone outlives the address, as the default one does: a DHCPv6 client takes what it finds away and puts its own
 * there, which brings no route. */
static void put_ipv6(const NicInside *inside, const Nic *nic, int index) {
        struct in6_addr via = range6_gateway(&nic->zone->range6);
        IpAddress address = ip_v6(&nic->address6), gateway = ip_v6(&via), network = ip_v6(&nic->zone->range6.base);

        link_put_address(inside->nl, index, &address, nic->zone->range6.prefix);
        link_put_network_route(inside->nl, index, &network, nic->zone->range6.prefix);
        if (inside->default_route6)
                link_put_default_route(inside->nl, index, &gateway);
}

/* The altname is a convenience. */
int nic_set_up_inside(const NicInside *inside, const Nic *nic, Error **reterr) {
        const char *name = nic->config->name;
        int r, index = netlink_ifindex(inside->nl, name);

        if (index < 0)
                return error_errno(reterr, index, "Cannot look at %s inside the machine '%s'", name, nic->machine);
        set_ipv6(inside, nic);
        link_put_up(inside->nl, index);
        put_ipv4(inside, nic, index);
        if (nic->zone->range6.prefix > 0)
                put_ipv6(inside, nic, index);
        r = netlink_run(inside->nl, NULL, NULL, NULL);
        if (r == -EACCES) { /* a host may begin its namespaces with IPv6 off (net.core.devconf_inherit_init_net) */
                (void) netns_ipv6_write(inside->netns, name, &(Ipv6Setting){ "disable_ipv6", "0" }, 1);
                put_ipv6(inside, nic, index);
                r = netlink_run(inside->nl, NULL, NULL, NULL);
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot set up %s inside the machine '%s'", name, nic->machine);
        if (!inside->altname)
                return 0;
        link_put_altname(inside->nl, name, inside->altname);
        (void) netlink_run(inside->nl, NULL, NULL, NULL);
        return 0;
}
