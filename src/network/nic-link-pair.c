/* SPDX-License-Identifier: GPL-2.0-or-later */

/* veth pairs of all sorts: their end on the host is called ve-MACHINE, or vb-MACHINE as a port of a bridge, or what the user says.
 * systemd-networkd of the host knows what to do by these names (80-container-ve.network, 80-container-vb.network), so hashed ones begin
 * likewise. */

#include <string.h>

#include "bridge-vlan.h"
#include "host-hash.h"
#include "ifname.h"
#include "link-find.h"
#include "machine-link.h"
#include "netns.h"
#include "nic-link.h"
#include "nics.h"
#include "veth.h"
#include "zone.h"

#define NAMES_TRIED 64

/* ---- the bridge ---- */

static int refuse_zone(const LinkInfo *bridge, const char *zone, Error **reterr) {
        error_set(reterr, EINVAL, "The bridge '%s' is that of the zone '%s'", bridge->name, zone);
        return error_hint(reterr, -EINVAL, "Take --network=zone:%s: the machine then has an address, and the zone's rules hold for it.", zone);
}

static int find_bridge(Netlink *nl, const NicConfig *c, LinkInfo *ret, Error **reterr) {
        char zone[ZONE_NAME_MAX + 1];
        int r;

        r = link_find(nl, c->link, ret, reterr);
        if (r < 0)
                return r;
        if (zone_of_bridge(ret, zone))
                return refuse_zone(ret, zone, reterr);
        if (strcmp(ret->kind, "bridge") == 0)
                return 0;
        error_set(reterr, EINVAL, "The interface '%s' is no bridge", c->link);
        return error_hint(reterr, -EINVAL, "Make one (`ip link add br0 type bridge`) and put '%s' into it, or take --network=macvlan:%s.",
                          c->link, c->link);
}

/* Without the filter a bridge passes all VLANs to every port, and no port could be kept to one. */
static int look_at_vlans(Netlink *nl, const NicConfig *c, const LinkInfo *bridge, BridgeVlans *ret, Error **reterr) {
        int r = bridge_vlans(nl, bridge->index, ret);

        if (r < 0)
                return error_errno(reterr, r, "Cannot look at the bridge %s", bridge->name);
        if (ret->filters)
                return 0;
        if (!ret->known) {
                error_set(reterr, EOPNOTSUPP, "vlan=%u cannot be had: bridges of this kernel do not filter VLANs (vlan_filtering)", c->vlan);
                return error_hint(reterr, -EOPNOTSUPP, "Leave out vlan=, or take a kernel with CONFIG_BRIDGE_VLAN_FILTERING.");
        }
        error_set(reterr, EINVAL, "vlan=%u needs a bridge that filters VLANs, and '%s' does not", c->vlan, bridge->name);
        return error_hint(reterr, -EINVAL, "`ip link set %s type bridge vlan_filtering 1` switches it on; or leave out vlan=.", bridge->name);
}

static int refuse_port(const LinkInfo *bridge, int error, Error **reterr) {
        if (error == -EXFULL)
                return error_set(reterr, error, "The bridge '%s' is full: it has 1,023 ports", bridge->name);
        return error_errno(reterr, error, "Cannot put a port into the bridge %s", bridge->name);
}

/* In its VLAN before it is up: not a packet goes through it before. */
static int join_vlan(Netlink *nl, NicLink *link, const LinkInfo *bridge, const BridgeVlans *vlans, Error **reterr) {
        int r;

        link_put_master(nl, link->host.index, bridge->index);
        bridge_put_port_vlan(nl, link->host.index, link->config->vlan, vlans->default_pvid);
        link_put_up(nl, link->host.index);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r < 0) {
                (void) link_delete(nl, link->host.name);
                return refuse_port(bridge, r, reterr);
        }
        link->host.master = bridge->index;
        return 0;
}

/* ---- the pair ---- */

static int refuse_name(const char *name, const char *owner, Error **reterr) {
        if (owner)
                error_set(reterr, EEXIST, "The machine '%s' has a link '%s' on this host already", owner, name);
        else
                error_set(reterr, EEXIST, "There is a link '%s' on this host already, which is not nbox's", name);
        return error_hint(reterr, -EEXIST, "`ip -d link show %s` shows whose it is; the machine can have another name by --machine=, or a pair "
                          "with another by --network=veth:HOST:host0.", name);
}

/* Whether the other end of a pair is in this namespace: a dead machine's is not in the one of the next machine of that name. */
static bool leads_into(int netns, const LinkInfo *host) {
        _cleanup_(netlink_freep) Netlink *inside = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        size_t n = 0;

        if (netlink_new(NETLINK_ROUTE, netns, &inside) < 0 || link_list(inside, 0, &links, &n) < 0)
                return true;
        for (size_t i = 0; i < n; i++)
                if (links[i].index == host->peer && links[i].peer == host->index)
                        return true;
        return false;
}

/* -EEXIST where the name is somebody else's, or another of the machine's, who is then told of; a dead machine's leaves room. */
static int try_pair(Netlink *nl, const char *machine, const VethRequest *req, LinkInfo *ret, Error **reterr) {
        char owner[MACHINE_NAME_MAX + 1];
        LinkInfo there;
        bool ours;
        int r;

        r = veth_create(nl, req, ret);
        if (r != -EEXIST)
                return r;
        r = link_get(nl, req->name, &there);
        if (r < 0)
                return r == -ENODEV ? veth_create(nl, req, ret) : r;
        ours = machine_link_owner(&there, owner);
        if (!ours || strcmp(owner, machine) != 0 || leads_into(req->netns, &there))
                return refuse_name(req->name, ours ? owner : NULL, reterr);
        r = link_delete(nl, there.name);
        return r < 0 ? r : veth_create(nl, req, ret);
}

/* The name's beginning on the host, and what follows. */
static void whole_name(const NicLink *link, const char **ret_prefix, char ret[MACHINE_NAME_MAX + 16]) {
        *ret_prefix = link->config->kind == NIC_BRIDGE ? "vb-" : "ve-";
        snprintf(ret, MACHINE_NAME_MAX + 16, link->number > 0 ? "%s_%u" : "%s", link->machine, link->number);
}

/* Names that are hashed are nobody's by right: the next one does as well. */
static int make_called_after_machine(Netlink *nl, NicLink *link, VethRequest *req, Error **reterr) {
        char name[IFNAME_SIZE], rest[MACHINE_NAME_MAX + 16], altname[ALTIFNAMSIZ];
        const char *prefix;
        int r = -EEXIST;

        whole_name(link, &prefix, rest);
        snprintf(altname, sizeof(altname), "%s%s", prefix, rest);
        req->name = name;
        for (unsigned attempt = 0; attempt < NAMES_TRIED && r == -EEXIST; attempt++) {
                _cleanup_(error_freep) Error *error = NULL;
                bool hashed = ifname_fit(prefix, rest, attempt, name);

                req->altname = hashed ? altname : NULL;
                r = try_pair(nl, link->machine, req, &link->host, &error);
                if (r == -EEXIST && hashed && attempt + 1 < NAMES_TRIED)
                        continue;
                return error ? error_pass(reterr, r, &error) : r;
        }
        return r;
}

static int make_pair(Netlink *nl, NicLink *link, VethRequest *req, Error **reterr) {
        Error *error = NULL;
        int r;

        if (link->config->kind == NIC_EXTRA) {
                req->name = link->config->link;
                r = try_pair(nl, link->machine, req, &link->host, &error);
        } else
                r = make_called_after_machine(nl, link, req, &error);
        if (r >= 0)
                return 0;
        if (error)
                return error_pass(reterr, r, &error);
        return error_errno(reterr, r, "Cannot make the veth pair of the machine '%s' for %s", link->machine, req->peer_name);
}

/* What is known of the bridge before anything is made. */
typedef struct Joined {
        LinkInfo bridge;
        BridgeVlans vlans;
} Joined;

static int look_at_bridge(Netlink *nl, const NicConfig *c, Joined *ret, Error **reterr) {
        int r;

        *ret = (Joined){};
        if (c->kind != NIC_BRIDGE)
                return 0;
        r = find_bridge(nl, c, &ret->bridge, reterr);
        return r >= 0 && c->vlan > 0 ? look_at_vlans(nl, c, &ret->bridge, &ret->vlans, reterr) : r;
}

int nic_link_make_pair(Netlink *nl, NicLink *link, int netns, Error **reterr) {
        const NicConfig *c = link->config;
        char alias[LINK_ALIAS_MAX], purpose[64 + MACHINE_NAME_MAX];
        uint8_t host_mac[6];
        VethRequest req = { .alias = alias, .netns = netns, .peer_name = c->name, .peer_mac = link->mac, .mac = host_mac };
        Joined to;
        int r;

        r = look_at_bridge(nl, c, &to, reterr);
        if (r < 0)
                return r;
        req.bridge = c->vlan > 0 ? 0 : to.bridge.index;
        req.down = req.bridge == 0; /* the host's matter, or not before it is in its VLAN */
        machine_link_alias_unzoned(link->machine, alias);
        snprintf(purpose, sizeof(purpose), "host's end %s %s", link->machine, c->name);
        stable_mac(purpose, host_mac);
        r = make_pair(nl, link, &req, reterr);
        if (r < 0 || c->kind != NIC_BRIDGE)
                return r;
        (void) netns_ipv6_write(-1, link->host.name, &(Ipv6Setting){ "disable_ipv6", "1" }, 1); /* a port has nobody to speak to */
        return c->vlan > 0 ? join_vlan(nl, link, &to.bridge, &to.vlans, reterr) : 0;
}
