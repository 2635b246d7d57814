/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of an attachment, and what a crash at any point leaves:
 *
 *     lock → zone's bridge → address → forwarding → rules → veth pair → inside of the namespace → unlock
 *
 * Rules are made before the link, so that a machine never has an address without them; they carry the machine's
 * name, and the sweep finds them when no such machine lives. The veth pair dies with the machine's namespace. */

#include "network.h"

#include <string.h>

#include "firewall.h"
#include "forwarding.h"
#include "host-hash.h"
#include "log.h"
#include "machine-link.h"
#include "name.h"
#include "netns.h"
#include "network-lock.h"
#include "nft-drop.h"
#include "ports.h"
#include "release.h"
#include "veth.h"
#include "zone.h"

#define PEER_NAME "host0"    /* what systemd-networkd in a guest looks for (80-container-host0.network) */
#define PEER_ALTNAME "eth0"  /* what ifupdown and Alpine look for */

typedef struct Attachment {
        const NetworkRequest *req;
        Netlink *nl;
        ZoneState *state;
        Zone zone;
        uint32_t address; /* host byte order */
        LinkInfo link;    /* our end */
        NetworkLease *lease;
} Attachment;

static bool machine_is_alive(const char *machine, void *userdata) {
        return machine_link_exists(userdata, machine);
}

/* Addresses of the running machines of the zone, from the ports of its bridge. */
static int addresses_in_use(const Attachment *a, uint32_t **ret, size_t *ret_n) {
        _cleanup_free_ LinkInfo *ports = NULL;
        uint32_t *addresses;
        size_t n = 0, used = 0;
        int r;

        r = link_list(a->nl, a->zone.index, &ports, &n);
        if (r < 0)
                return r;
        addresses = calloc(n + 1, sizeof(*addresses));
        if (!addresses)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                char machine[MACHINE_NAME_MAX + 1];

                if (machine_of_link(ports + i, machine, addresses + used) && strcmp(machine, a->req->machine) != 0)
                        used++;
        }
        *ret = addresses;
        *ret_n = used;
        return 0;
}

/* A remembered address is nobody else's, so the ports need not be looked at. */
static int choose_address(Attachment *a, bool changed, Error **reterr) {
        _cleanup_free_ uint32_t *in_use = NULL;
        const Lease *own = lease_find(a->state, a->req->machine);
        bool leased = false;
        size_t n = 0;
        int r = 0;

        if (!own)
                r = addresses_in_use(a, &in_use, &n);
        if (r >= 0)
                r = lease_choose(a->state, a->req->machine, a->req->keep_address, in_use, n, &a->address, &leased);
        if (r == -ENOSPC)
                return error_set(reterr, r, "All %u addresses of the zone '%s' are in use", range_slots(a->zone.range),
                                 a->zone.name);
        if (r < 0)
                return error_errno(reterr, r, "Cannot choose an address in the zone '%s'", a->zone.name);
        return changed || leased ? zone_state_save(a->state, reterr) : 0;
}

static int let_through(Attachment *a, int lock, Error **reterr) {
        FirewallZone zone = { .name = a->zone.name, .bridge = a->zone.bridge, .range = a->zone.range };
        FirewallMachine machine = {
                .name = a->req->machine, .bridge = a->zone.bridge, .address = a->address, .gateway = range_gateway(a->zone.range),
                .ports = a->req->ports, .host_ports = a->req->host_ports,
        };
        FirewallOracle oracle = { .machine_is_alive = machine_is_alive, .userdata = a->nl };
        bool loopback = false;
        char path[64];
        int r;

        r = ports_check(a->req->ports, reterr);
        if (r >= 0)
                r = forwarding_acquire(lock, reterr);
        if (r >= 0)
                r = firewall_apply(&(FirewallSet){ &zone, 1, &machine, 1 }, &oracle, &loopback, reterr);
        if (r >= 0 && a->zone.made)
                nft_warn_of_drop(a->zone.bridge);
        if (r < 0 || !loopback)
                return r;
        snprintf(path, sizeof(path), "ipv4/conf/%s/route_localnet", a->zone.bridge);
        r = netns_sysctl_write(-1, path, "1");
        if (r < 0)
                log_warning("Cannot set net/%s: published ports will not answer on 127.0.0.1 of the host: %s, ignoring",
                            path, strerror(-r));
        return 0;
}

static int make_pair(Attachment *a, Error **reterr) {
        char name[IF_NAMESIZE], altname[128], alias[LINK_ALIAS_MAX], purpose[128];
        VethRequest req = {
                .name = name,
                .altname = altname,
                .alias = alias,
                .bridge = a->zone.index,
                .netns = a->req->netns,
                .peer_name = PEER_NAME,
                .peer_mac = a->lease->nics[0].mac,
                /* With br_netfilter (Docker loads it), a published port is translated within the bridge already: a
                 * machine that calls its own by the host's address is answered through the same port. */
                .hairpin = a->req->ports->n > 0,
        };
        int r;

        machine_link_name(a->req->machine, name);
        snprintf(altname, sizeof(altname), "nbox-%s", a->req->machine);
        machine_link_alias(a->req->machine, (struct in_addr){ htonl(a->address) }, alias);
        snprintf(purpose, sizeof(purpose), "machine %s %s", a->zone.name, a->req->machine);
        stable_mac(purpose, a->lease->nics[0].mac);

        r = veth_create(a->nl, &req, &a->link);
        if (r == -EEXIST) { /* the name is this machine's alone: what is there is of a dead one */
                r = link_delete(a->nl, name);
                if (r >= 0)
                        r = veth_create(a->nl, &req, &a->link);
        }
        if (r == -EXFULL)
                return error_set(reterr, r, "The zone '%s' is full: a bridge has at most 1,023 ports", a->zone.name);
        return r < 0 ? error_errno(reterr, r, "Cannot make the veth pair %s of the machine '%s'", name, a->req->machine) : 0;
}

/* IPv6 off on both ends for now: zones have no IPv6 addresses, and link-local chatter of each port reaches all
 * others, which is what makes the thousandth start slow. The machine's end is still down, so nothing has begun. */
static void disable_ipv6(const Attachment *a) {
        char path[64];

        snprintf(path, sizeof(path), "ipv6/conf/%s/disable_ipv6", a->link.name);
        (void) netns_sysctl_write(-1, path, "1");
        (void) netns_sysctl_write(a->req->netns, "ipv6/conf/" PEER_NAME "/disable_ipv6", "1");
}

static int set_up_inside(const Attachment *a, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        enum { LOOPBACK, ALTNAME, UP, ADDRESS, ROUTE };
        struct in_addr address = { htonl(a->address) }, gateway = { htonl(range_gateway(a->zone.range)) };
        int results[NETLINK_BATCH_MAX], r;

        disable_ipv6(a);
        r = netlink_new(NETLINK_ROUTE, a->req->netns, &nl);
        if (r >= 0) {
                link_put_up(nl, 1);
                link_put_altname(nl, PEER_NAME, PEER_ALTNAME);
                link_put_up(nl, a->link.peer);
                link_put_address(nl, a->link.peer, address, a->zone.range.prefix);
                link_put_default_route(nl, a->link.peer, gateway);
                r = netlink_run(nl, NULL, NULL, results);
                if (r < 0 && results[LOOPBACK] == 0 && results[UP] == 0 && results[ADDRESS] == 0 && results[ROUTE] == 0)
                        r = 0; /* the altname alone */
        }
        return r < 0 ? error_errno(reterr, r, "Cannot set up the network inside the machine '%s'", a->req->machine) : 0;
}

static void fill_lease(const Attachment *a) {
        NicLease *l = &a->lease->nics[0];

        a->lease->n_nics = 1;
        snprintf(l->zone, sizeof(l->zone), "%s", a->zone.name);
        snprintf(l->ifname, sizeof(l->ifname), PEER_NAME);
        l->address.s_addr = htonl(a->address);
        l->gateway.s_addr = htonl(range_gateway(a->zone.range));
        l->prefix = a->zone.range.prefix;
        l->host_ifindex = a->link.index;
        snprintf(l->host_ifname, sizeof(l->host_ifname), "%s", a->link.name);
        snprintf(l->bridge, sizeof(l->bridge), "%s", a->zone.bridge);
}

static int attach(Attachment *a, int lock, Error **reterr) {
        bool changed = false;
        int r;

        r = zone_up(a->nl, a->state, &a->zone, &changed, reterr);
        if (r >= 0)
                r = choose_address(a, changed, reterr);
        if (r >= 0)
                r = let_through(a, lock, reterr);
        if (r >= 0)
                r = make_pair(a, reterr);
        if (r >= 0)
                r = set_up_inside(a, reterr);
        if (r < 0)
                (void) network_release(lock, a->nl, a->req->machine, NULL);
        else
                fill_lease(a);
        return r;
}

int network_attach(const NetworkRequest *req, NetworkLease *ret, Error **reterr) {
        _cleanup_(zone_state_freep) ZoneState *state = NULL;
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int lock = -1;
        NetworkLease lease = {};
        Attachment a = { .req = req, .lease = &lease };
        int r;

        r = machine_name_check(req->machine, reterr);
        if (r >= 0)
                r = zone_name_check(req->nics->items[0].zone, reterr);
        if (r < 0)
                return r;
        lock = network_lock(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = zone_state_load(req->nics->items[0].zone, &state, reterr);
        if (r < 0)
                return r;
        a.nl = nl;
        a.state = state;
        r = attach(&a, lock, reterr);
        if (r < 0)
                return r;
        *ret = lease;
        return 0;
}

int network_loopback_up(int netns, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int r;

        r = netlink_new(NETLINK_ROUTE, netns, &nl);
        if (r >= 0) {
                link_put_up(nl, 1); /* lo is the first interface of every namespace */
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot bring up the loopback interface of the machine") : 0;
}
