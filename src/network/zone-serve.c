/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A zone's names and DHCP: a dnsmasq in a network namespace of its own, with a link into the zone's bridge.
 *
 * Of its own, because port 53 of the host is often taken (a resolver of the admin's, libvirt's dnsmasq), because then no rule of the host's
 * packet filter stands between a machine and it, and because what it hears from guests it hears far from the host's sockets. The
 * namespace lives as long as the process, and the link as long as the namespace: a crash leaves nothing.
 *
 * IPv6: a guest has its address and its way out from birth. For one whose client takes them away and asks, DHCPv6 gives the very address,
 * and a router's advertisement tells it to ask (the M flag). That comes from here, and here is no router: it says so by a lifetime of 0.
 *
 * What guests say is hostile. Who has which address and name is in files of ours (names.h): names that DHCP clients send are
 * not looked at, whoever's hardware address is unknown is not answered, and no lease is kept on disk, for none is ours to lose. */

#include "zone-serve.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <arpa/inet.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "address.h"
#include "bridge-quiet.h"
#include "caps.h"
#include "fd.h"
#include "host-hash.h"
#include "lease.h"
#include "names.h"
#include "neighbour.h"
#include "netns.h"
#include "network-lock.h"
#include "network.h"
#include "passage.h"
#include "release.h"
#include "strv.h"
#include "veth.h"
#include "zone.h"

#define LINK_NAME "zone0" /* inside */

/* A client asks again after so many seconds: it hears of other name servers early, while its lease is long enough to outlive a service that
 * is started anew. */
#define RENEWAL_SEC 100U

/* A zone has at most 1,023 machines, with an address of each kind. What one of them can fill is bounded by these. */
#define LIMITS "--cache-size=2000", "--dns-forward-max=300", "--dhcp-lease-max=2200"

typedef struct Serve {
        const ZoneServeRequest *req;
        const char *program;
        int lock, home; /* fds: the network lock, the host's network namespace */
        Netlink *nl;    /* in the latter */
        ZoneState *state;
        Zone zone;
} Serve;

static void serve_done(Serve *s) {
        close_fd(s->lock);
        close_fd(s->home);
        netlink_free(s->nl);
        zone_state_free(s->state);
}

/* A process was asked for by a machine's start, and ends with the zone's last machine. That may have been before it had the lock: then
 * nobody would end it. */
static bool is_wanted(const Serve *s) {
        return s->req->kind != ZONE_SERVICE_PROCESS || zone_has_machines(s->nl, s->req->zone);
}

static int begin(Serve *s, Error **reterr) {
        ZoneService other;
        int r;

        r = zone_name_check(s->req->zone, reterr);
        if (r < 0)
                return r;
        s->program = zone_service_program();
        if (!s->program) {
                error_set(reterr, ENOENT, "dnsmasq is not installed: the zone '%s' has neither names nor DHCP", s->req->zone);
                return error_hint(reterr, -ENOENT, "Install it (`apt install dnsmasq-base`).");
        }
        s->lock = network_lock(reterr);
        if (s->lock < 0)
                return s->lock;
        if (zone_service_look(s->req->zone, &other) && other.pid != getpid()) {
                error_set(reterr, EALREADY, "The zone '%s' has its service already: process %d", s->req->zone, (int) other.pid);
                return error_hint(reterr, -EALREADY, "It ends with the zone's last machine.");
        }
        s->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        r = s->home < 0 ? -errno : netlink_new(NETLINK_ROUTE, -1, &s->nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        if (!is_wanted(s)) {
                network_release_host(s->lock, s->nl);
                return error_set(reterr, ECANCELED, "The zone '%s' has no machines any more", s->req->zone);
        }
        return zone_state_load(s->req->zone, &s->state, reterr);
}

/* A zone that no machine has been in yet has no address for it. */
static int settle_address(Serve *s, bool *changed, Error **reterr) {
        if (s->state->service == 0 && lease_reserve_service(s->state, NULL, 0) > 0)
                *changed = true;
        s->zone.service = s->state->service;
        if (s->zone.service == 0)
                return error_set(reterr, ENOSPC, "No address of the zone '%s' is left for its service", s->zone.name);
        return *changed ? zone_state_save(s->state, reterr) : 0;
}

static int apply_rules(Serve *s, Error **reterr) {
        _cleanup_(passage_done) Passage passage = {};

        if (passage_new(&passage, 1, 0) < 0)
                return error_oom(reterr);
        passage_add_zone(&passage, &s->zone);
        return passage_open(&passage, s->lock, &(FirewallOracle){}, reterr);
}

/* A service that is wanted by a machine finds the zone as the machine left it; one that was started by hand makes it. */
static int raise_zone(Serve *s, Error **reterr) {
        bool changed = false;
        int r;

        r = zone_up(s->nl, s->state, &s->zone, &changed, reterr);
        if (r >= 0)
                r = settle_address(s, &changed, reterr);
        if (r >= 0 && s->zone.made)
                r = apply_rules(s, reterr);
        return r < 0 ? r : names_begin(s->zone.name, range_gateway(s->zone.range), reterr);
}

static int make_link(Serve *s, int netns, LinkInfo *ret) {
        char name[IF_NAMESIZE], altname[64], alias[LINK_ALIAS_MAX], path[64];
        uint8_t mac[6];
        VethRequest req = {
                .name = name, .altname = altname, .alias = alias, .bridge = s->zone.index, .netns = netns, .peer_name = LINK_NAME,
                .peer_mac = mac, .group = s->zone.uplinked ? 0 : QUIET_GROUP,
        };
        int r;

        zone_service_link_name(s->zone.name, name);
        zone_service_link_alias(s->zone.name, alias);
        snprintf(altname, sizeof(altname), "nbox-zone-%s", s->zone.name);
        zone_service_mac(s->zone.name, mac);
        r = link_delete(s->nl, name); /* of one that has just died */
        if (r >= 0)
                r = veth_create(s->nl, &req, ret);
        if (r >= 0) {
                neighbour_put_port(s->nl, ret->index, mac);
                r = netlink_run(s->nl, NULL, NULL, NULL);
        }
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "ipv6/conf/%s/disable_ipv6", name);
        (void) netns_sysctl_write(s->home, path, "1"); /* no such file: no IPv6 in this kernel */
        return 0;
}

/* A namespace begins with what the host has, which forwards: from there machines would reach one another through it, isolated ones
 * too. And where it asks for the world's names is not for a machine's redirects to say. */
static int stand_still(void) {
        static const char *const settings[] = { "ipv4/ip_forward", "ipv4/conf/all/accept_redirects", "ipv4/conf/default/accept_redirects" };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(settings) && r >= 0; i++)
                r = netns_sysctl_write(-1, settings[i], "0");
        if (r < 0)
                return r;
        r = netns_sysctl_write(-1, "ipv6/conf/all/forwarding", "0");
        return r == -ENOENT ? 0 : r; /* no IPv6 in this kernel */
}

static void put_ipv4(Netlink *nl, const Zone *zone, int link) {
        IpAddress address = ip_v4(zone->service), gateway = ip_v4(range_gateway(zone->range));

        link_put_address(nl, link, &address, zone->range.prefix);
        neighbour_put(nl, link, &gateway, zone->mac); /* a machine may say that it were the gateway */
        if (!zone->closed)
                link_put_default_route(nl, link, &gateway);
}

/* The link-local one, which clients are answered from, is ours too: one that the kernel makes comes a moment after the link. */
static void put_ipv6(Netlink *nl, const Zone *zone, int link) {
        static const Range6 link_local = { .base.s6_addr = { 0xfe, 0x80 }, .prefix = 64 };
        struct in6_addr own = range6_address(&zone->range6, zone->range, zone->service), via = range6_gateway(&zone->range6);
        struct in6_addr local = range6_address(&link_local, zone->range, zone->service);
        IpAddress address = ip_v6(&own), gateway = ip_v6(&via), on_link = ip_v6(&local);

        link_put_address(nl, link, &on_link, link_local.prefix);
        link_put_address(nl, link, &address, zone->range6.prefix);
        neighbour_put(nl, link, &gateway, zone->mac);
        if (!zone->closed)
                link_put_default_route(nl, link, &gateway);
}

static int enter_namespace(Serve *s, Error **reterr) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        _cleanup_close_ int netns = -1;
        LinkInfo link;
        int r, own = -1;

        if (unshare(CLONE_NEWNET) < 0)
                return error_errno(reterr, errno, "Cannot make a network namespace");
        netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        r = netns < 0 ? -errno : stand_still();
        if (r >= 0)
                r = make_link(s, netns, &link);
        if (r >= 0)
                r = netlink_new(NETLINK_ROUTE, -1, &nl);
        if (r >= 0)
                r = own = netlink_ifindex(nl, LINK_NAME);
        if (r >= 0) {
                zone_let_ipv6(&s->zone, LINK_NAME);
                link_put_no_own_address(nl, own);
                (void) netlink_run(nl, NULL, NULL, NULL); /* it has none in a kernel without IPv6 */
                link_put_up(nl, own);
                put_ipv4(nl, &s->zone, own);
                if (s->zone.range6.prefix > 0)
                        put_ipv6(nl, &s->zone, own);
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot link the service of the zone '%s' to its bridge", s->zone.name) : 0;
}

/* Where the world's names are asked for; dnsmasq follows changes of the file by itself. A closed zone has no world. */
static int add_servers(char ***argv, const Zone *zone) {
        return zone->closed ? strv_append(argv, "--no-resolv") : strv_appendf(argv, "--resolv-file=%s", network_resolv_path());
}

static int add_directories(char ***argv, const char *zone) {
        char path[NAMES_PATH_MAX];
        int r;

        names_path(zone, NAMES_DHCP, path);
        r = strv_appendf(argv, "--dhcp-hostsdir=%s", path);
        names_path(zone, NAMES_HOSTS, path);
        return r < 0 ? r : strv_appendf(argv, "--hostsdir=%s", path);
}

static int add_range(char ***argv, const Serve *s) {
        const Range *range = &s->zone.range;
        char a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX];
        int r;

        r = strv_appendf(argv, "--dhcp-range=%s,static,%s," NAMES_LEASE, address_format(range->base, a),
                         address_format(range_mask(*range), b));
        if (r >= 0)
                r = strv_appendf(argv, "--dhcp-option=option:router,%s", address_format(range_gateway(*range), a));
        if (r >= 0)
                r = strv_appendf(argv, "--dhcp-option=option:dns-server,%s", address_format(s->zone.service, a));
        return r < 0 ? r : strv_appendf(argv, "--domain=%s,%s/%u,local", s->zone.name, address_format(range->base, a),
                                        range->prefix);
}

/* Once a minute, for a client that began to listen after its link came up hears nothing else of what is on the
 * link. dnsmasq takes no network wider than 64 bits; all machines are in the first of these. */
static int add_range6(char ***argv, const Serve *s) {
        const Range6 *range = &s->zone.range6;
        struct in6_addr service = range6_address(range, s->zone.range, s->zone.service);
        unsigned prefix = range->prefix < 64 ? 64 : range->prefix;
        char base[IP_TEXT_MAX], own[IP_TEXT_MAX];
        IpAddress a = ip_v6(&range->base), b = ip_v6(&service);
        int r;

        if (range->prefix == 0)
                return 0;
        ip_format(&a, base);
        r = s->zone.uplinked ? 0 : strv_append(argv, "--enable-ra"); /* what others behind an uplink are told is not for a zone to say */
        if (r >= 0 && !s->zone.uplinked)
                r = strv_append(argv, "--ra-param=" LINK_NAME ",60,0");
        if (r >= 0)
                r = strv_appendf(argv, "--dhcp-range=%s,static,%u," NAMES_LEASE6, base, prefix);
        if (r >= 0)
                r = strv_appendf(argv, "--dhcp-option=option6:dns-server,[%s]", ip_format(&b, own));
        if (r >= 0)
                r = strv_appendf(argv, "--dhcp-option=option6:domain-search,%s", s->zone.name);
        return r < 0 ? r : strv_appendf(argv, "--domain=%s,%s/%u,local", s->zone.name, base, prefix);
}

static char **make_argv(const Serve *s) {
        static const char *const fixed[] = {
                "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-", "--quiet-dhcp",
                /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one word of two parts */
                "--interface=" LINK_NAME, "--except-interface=lo", "--bind-interfaces",
                "--no-hosts", "--domain-needed", "--dhcp-authoritative", "--dhcp-ignore=tag:!known", "--dhcp-ignore-names",
                "--leasefile-ro", "--no-ping", LIMITS,
        };
        _cleanup_strv_ char **argv = NULL;
        int r = strv_append(&argv, s->program);

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(fixed); i++)
                r = strv_append(&argv, fixed[i]);
        if (r >= 0)
                r = strv_appendf(&argv, "--user=%s", getpwnam("dnsmasq") ? "dnsmasq" : "nobody");
        if (r >= 0)
                r = strv_appendf(&argv, "--local=/%s/", s->zone.name);
        if (r >= 0)
                r = strv_appendf(&argv, "--dhcp-option=option:domain-search,%s", s->zone.name);
        if (r >= 0)
                r = strv_appendf(&argv, "--dhcp-option=option:T1,%u", RENEWAL_SEC);
        if (r >= 0)
                r = add_range(&argv, s);
        if (r >= 0)
                r = add_range6(&argv, s);
        if (r >= 0)
                r = add_directories(&argv, s->zone.name);
        if (r >= 0)
                r = add_servers(&argv, &s->zone);
        return r < 0 ? NULL : TAKE_PTR(argv);
}

/* What dnsmasq keeps when it changes to its own user is a part of this; the rest it never has. */
static int limit_privileges(Error **reterr) {
        const uint64_t keep = CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_NET_BIND_SERVICE) |
                CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID);
        int r = caps_drop_bounding(keep);

        return r < 0 ? error_errno(reterr, r, "Cannot drop privileges") : 0;
}

static int become_dnsmasq(Serve *s, Error **reterr) {
        char *environment[] = { (char *) "PATH=/usr/sbin:/usr/bin", NULL };
        _cleanup_strv_ char **argv = make_argv(s);
        int r;

        if (!argv)
                return error_oom(reterr);
        r = limit_privileges(reterr);
        if (r < 0)
                return r;
        (void) signal(SIGHUP, SIG_IGN); /* somebody may tell it of a change before it listens, and it has read nothing yet */
        execve(s->program, argv, environment);
        return error_errno(reterr, errno, "Cannot execute %s", s->program);
}

int zone_serve(const ZoneServeRequest *req, Error **reterr) {
        _cleanup_(serve_done) Serve s = { .req = req, .lock = -1, .home = -1 };
        int r;

        r = begin(&s, reterr);
        if (r >= 0)
                r = raise_zone(&s, reterr);
        if (r >= 0)
                r = enter_namespace(&s, reterr);
        if (r < 0)
                return r;
        r = zone_service_claim(s.zone.name, req->kind, s.zone.service);
        if (r < 0)
                return error_errno(reterr, r, "Cannot write down the service of the zone '%s'", s.zone.name);
        s.lock = close_fd(s.lock);
        if (req->before_exec)
                req->before_exec(&(ZoneServing){ s.zone.name, s.zone.index, s.zone.service }, req->userdata);
        return become_dnsmasq(&s, reterr);
}
