/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Order of an attachment, and what a crash at any point leaves:
 *
 *     lock → zone's bridge → address → forwarding → rules → veth pair → inside of the namespace → unlock
 *
 * Rules are made before the link, so that a machine never has an address without them; they carry the machine's
 * name, and the sweep finds them when no such machine lives. The veth pair dies with the machine's namespace.
 *
 * One lock serves all zones: ranges are chosen against one another, forwarding is one switch, the kernel takes one
 * lock (RTNL) for most of it anyway, and a bridge must not be removed while the next machine is about to use it.
 * It is flock(2) on a directory in /run/nbox, which is removed with the last zone. */

#include "network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "file.h"
#include "firewall.h"
#include "forwarding.h"
#include "log.h"
#include "name.h"
#include "netns.h"
#include "ports.h"
#include "veth.h"
#include "zone.h"

#define NETWORK_RUN_DIRECTORY "/run/nbox/network"
#define PEER_NAME "host0"    /* what systemd-networkd in a guest looks for (80-container-host0.network) */
#define PEER_ALTNAME "eth0"  /* what ifupdown and Alpine look for */
#define ALIAS_FORMAT "nbox machine=%s address=%s"
#define ALIAS_SCAN "nbox machine=%64[A-Za-z0-9.-] address=%15[0-9.]"

/* ---- the lock ---- */

/* Lock the directory, and see that it is still the one that the path names: it may have been removed meanwhile. */
static int try_lock(int *ret) {
        _cleanup_close_ int fd = -1;
        struct stat a, b;

        if (mkdir_parents(NETWORK_RUN_DIRECTORY, 0700) < 0)
                return -errno;
        fd = open(NETWORK_RUN_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return -errno;
        if (fstat(fd, &a) < 0)
                return -errno;
        if (stat(NETWORK_RUN_DIRECTORY, &b) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
                return 0;
        *ret = TAKE_FD(fd);
        return 1;
}

static int lock_network(Error **reterr) {
        int fd, r;

        do
                r = try_lock(&fd);
        while (r == 0);
        return r < 0 ? error_errno(reterr, r, "Cannot lock %s", NETWORK_RUN_DIRECTORY) : fd;
}

/* ---- names ---- */

/* Interface names hold 15 bytes, machine names 64: our end is named by a hash, and has the name as altname. */
static void host_ifname(const char *machine, char ret[IF_NAMESIZE]) {
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(machine) & 0xffffffffffffULL);
}

static bool parse_alias(const LinkInfo *link, char machine[65], uint32_t *ret_address) {
        char text[16];
        struct in_addr a;

        if (strcmp(link->kind, "veth") != 0 || sscanf(link->alias, ALIAS_SCAN, machine, text) != 2 ||
            inet_pton(AF_INET, text, &a) != 1)
                return false;
        *ret_address = ntohl(a.s_addr);
        return true;
}

int network_bridge_name(const char *zone, char ret[IF_NAMESIZE]) {
        int r;

        r = zone_name_check(zone, NULL);
        if (r < 0)
                return r;
        zone_bridge_name(zone, ret);
        return 0;
}

/* ---- attaching ---- */

typedef struct Attachment {
        const NetworkRequest *req;
        Netlink *nl;
        ZoneState *state;
        Zone zone;
        uint32_t address; /* host byte order */
        LinkInfo link;    /* our end */
        NetworkLease *lease;
} Attachment;

static bool link_is_there(const char *machine, void *userdata) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        host_ifname(machine, name);
        return link_get(userdata, name, &link) != -ENODEV;
}

static bool zone_is_there(const char *zone, void *userdata) {
        char name[IF_NAMESIZE];
        LinkInfo link;

        zone_bridge_name(zone, name);
        return link_get(userdata, name, &link) != -ENODEV;
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
                char machine[65];

                if (parse_alias(ports + i, machine, addresses + used) && strcmp(machine, a->req->machine) != 0)
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
        FirewallZone zone = { a->zone.name, a->zone.bridge, a->zone.range };
        FirewallMachine machine = { a->req->machine, a->address, a->req->ports, a->req->n_ports };
        FirewallOracle oracle = { link_is_there, zone_is_there, a->nl };
        bool loopback = false;
        char path[64];
        int r;

        r = ports_check(a->req->ports, a->req->n_ports, reterr);
        if (r >= 0)
                r = forwarding_acquire(lock, reterr);
        if (r >= 0)
                r = firewall_attach(&zone, &machine, &oracle, &loopback, reterr);
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
        char name[IF_NAMESIZE], altname[128], alias[LINK_ALIAS_MAX], text[INET_ADDRSTRLEN], purpose[128];
        struct in_addr address = { htonl(a->address) };
        VethRequest req = {
                .name = name,
                .altname = altname,
                .alias = alias,
                .bridge = a->zone.index,
                .netns = a->req->netns,
                .peer_name = PEER_NAME,
                .peer_mac = a->lease->mac,
                /* With br_netfilter (Docker loads it), a published port is translated within the bridge already: a
                 * machine that calls its own by the host's address is answered through the same port. */
                .hairpin = a->req->n_ports > 0,
        };
        int r;

        host_ifname(a->req->machine, name);
        snprintf(altname, sizeof(altname), "nbox-%s", a->req->machine);
        snprintf(alias, sizeof(alias), ALIAS_FORMAT, a->req->machine, inet_ntop(AF_INET, &address, text, sizeof(text)));
        snprintf(purpose, sizeof(purpose), "machine %s %s", a->zone.name, a->req->machine);
        stable_mac(purpose, a->lease->mac);

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
        r = netlink_new(a->req->netns, &nl);
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
        NetworkLease *l = a->lease;

        l->address.s_addr = htonl(a->address);
        l->gateway.s_addr = htonl(range_gateway(a->zone.range));
        l->prefix = a->zone.range.prefix;
        l->host_ifindex = a->link.index;
        snprintf(l->host_ifname, sizeof(l->host_ifname), "%s", a->link.name);
        snprintf(l->bridge, sizeof(l->bridge), "%s", a->zone.bridge);
}

/* ---- detaching ---- */

static void keep_first(int *result, int r) {
        if (r < 0 && *result >= 0)
                *result = r;
}

/* The directory of the lock goes with the last zone; whoever waits for it finds that out (try_lock()). */
static void release_host(int lock, Netlink *nl) {
        _cleanup_free_ LinkInfo *links = NULL;
        char zone[ZONE_NAME_MAX + 1];
        size_t n = 0;

        if (link_list(nl, 0, &links, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        return;
        forwarding_release(lock, nl);
        (void) rmdir(NETWORK_RUN_DIRECTORY);
}

/* Call with the lock held. `machine` may be NULL: then it is only the zone that is looked after. */
static int detach(int lock, Netlink *nl, const char *machine, const char *zone, Error **reterr) {
        char name[IF_NAMESIZE];
        int result = 0, gone, r;

        if (machine) {
                host_ifname(machine, name);
                r = link_delete(nl, name);
                if (r < 0)
                        error_errno(reterr, r, "Cannot remove the link %s of the machine '%s'", name, machine);
                keep_first(&result, r);
        }
        gone = zone_down_if_unused(nl, zone, result < 0 ? NULL : reterr);
        keep_first(&result, gone);
        r = firewall_detach(machine, gone > 0 ? zone : NULL, result < 0 ? NULL : reterr);
        keep_first(&result, r);
        if (gone > 0)
                release_host(lock, nl);
        return result;
}

int network_detach(const char *machine, const char *zone, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        r = machine_name_check(machine, reterr);
        if (r >= 0)
                r = zone_name_check(zone, reterr);
        if (r < 0)
                return r;
        lock = lock_network(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(-1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        return detach(lock, nl, machine, zone, reterr);
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
                (void) detach(lock, a->nl, a->req->machine, a->req->zone, NULL);
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
                r = zone_name_check(req->zone, reterr);
        if (r < 0)
                return r;
        lock = lock_network(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(-1, &nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = zone_state_load(req->zone, &state, reterr);
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

        r = netlink_new(netns, &nl);
        if (r >= 0) {
                link_put_up(nl, 1); /* lo is the first interface of every namespace */
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot bring up the loopback interface of the machine") : 0;
}

/* ---- sweeping ---- */

typedef struct Sweep {
        bool (*is_alive)(const char *machine, void *userdata);
        void *userdata;
        Netlink *nl;
} Sweep;

static bool sweep_machine(const char *machine, void *userdata) {
        const Sweep *s = userdata;

        return s->is_alive(machine, s->userdata);
}

static bool sweep_zone(const char *zone, void *userdata) {
        const Sweep *s = userdata;

        return zone_is_there(zone, s->nl);
}

static int sweep_links(const Sweep *s, const LinkInfo *links, size_t n, Error **reterr) {
        char machine[65], zone[ZONE_NAME_MAX + 1];
        int result = 0, r;
        uint32_t address;

        for (size_t i = 0; i < n; i++)
                if (parse_alias(links + i, machine, &address) && !s->is_alive(machine, s->userdata)) {
                        r = link_delete(s->nl, links[i].name);
                        if (r < 0 && result >= 0)
                                result = error_errno(reterr, r, "Cannot remove the link %s", links[i].name);
                }
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, zone))
                        keep_first(&result, zone_down_if_unused(s->nl, zone, result < 0 ? NULL : reterr));
        return result;
}

int network_sweep(bool (*is_alive)(const char *machine, void *userdata), void *userdata, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_free_ LinkInfo *links = NULL;
        _cleanup_close_ int lock = -1;
        Sweep sweep = { is_alive, userdata };
        size_t n = 0;
        int r;

        lock = lock_network(reterr);
        if (lock < 0)
                return lock;
        r = netlink_new(-1, &nl);
        if (r >= 0)
                r = link_list(nl, 0, &links, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the links of the host");
        sweep.nl = nl;
        r = sweep_links(&sweep, links, n, reterr);
        keep_first(&r, firewall_sweep(&(FirewallOracle){ sweep_machine, sweep_zone, &sweep }, r < 0 ? NULL : reterr));
        release_host(lock, nl);
        return r;
}
