/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-iptables-rules.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h> /* which the next one forgets */
#include <linux/netfilter/xt_conntrack.h>

#include "bridge-isolation.h"
#include "port-map.h"
#include "tag.h"

#define LOOPBACK &(IpAddress){ .family = AF_INET, .v4 = 0x7f000000 }, 8
#define BROADCAST &(IpAddress){ .family = AF_INET, .v4 = INADDR_BROADCAST }, 32
#define UNSPECIFIED6 &(IpAddress){ .family = AF_INET6 }, 128
#define LINK_LOCAL6 &(IpAddress){ .family = AF_INET6, .v6 = { { { 0xfe, 0x80 } } } }, 10
#define LINK_LOCAL_MULTICAST6 &(IpAddress){ .family = AF_INET6, .v6 = { { { 0xff, 0x02 } } } }, 16
#define ANSWERS (XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) | XT_CONNTRACK_STATE_BIT(IP_CT_RELATED))

/* Rules of a zone in one family, as they come to be. */
typedef struct List {
        const FirewallZone *zone;
        int family;
        Rule *rules;
        size_t n;
        IpAddress base; /* the zone's range */
        unsigned prefix;
        unsigned whole; /* the prefix of a single address */
        IpAddress gateway, service; /* the service: none, where there is none */
        bool translated; /* what goes out */
} List;

static List list(const FirewallZone *z, int family, Rule *rules) {
        struct in6_addr gateway6;

        if (family == AF_INET)
                return (List){
                        .zone = z, .family = family, .rules = rules, .base = ip_v4(z->range.base), .prefix = z->range.prefix, .whole = 32,
                        .gateway = ip_v4(range_gateway(z->range)), .service = ip_v4(z->service), .translated = true,
                };
        gateway6 = range6_gateway(&z->range6);
        return (List){
                .zone = z, .family = family, .rules = rules, .base = ip_v6(&z->range6.base), .prefix = z->range6.prefix, .whole = 128,
                .gateway = ip_v6(&gateway6), .service = IN6_IS_ADDR_UNSPECIFIED(&z->service6) ? (IpAddress){} : ip_v6(&z->service6),
                .translated = !z->routed6,
        };
}

static bool is_absent(const List *l) {
        return l->prefix == 0;
}

static Rule *begin(List *l) {
        char tag[TAG_MAX];

        zone_tag(tag, l->zone->name);
        rule_begin(l->rules + l->n, l->family, tag);
        return l->rules + l->n++;
}

/* ---- translation ---- */

static void masquerade_outward(List *l) {
        Rule *r = begin(l);

        rule_source(r, &l->base, l->prefix);
        rule_out(r, l->zone->bridge, true);
        rule_masquerade(r);
}

/* Published, and called by a machine of the same zone: the answer would go straight from machine to machine else. */
static void masquerade_within(List *l) {
        Rule *r = begin(l);

        rule_source(r, &l->base, l->prefix);
        rule_destination(r, &l->base, l->prefix);
        rule_out(r, l->zone->bridge, false);
        rule_ctstate(r, XT_CONNTRACK_STATE_DNAT, false);
        rule_masquerade(r);
}

/* From 127.0.0.1, which the machine would take for itself. The kernel routes nothing from ::1 to another interface. */
static void masquerade_loopback(List *l) {
        Rule *r = begin(l);

        rule_source(r, LOOPBACK);
        rule_out(r, l->zone->bridge, false);
        rule_masquerade(r);
}

size_t rules_masquerade(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]) {
        List l = list(z, family, ret);

        if (is_absent(&l))
                return 0;
        if (l.translated)
                masquerade_outward(&l);
        masquerade_within(&l);
        if (family == AF_INET)
                masquerade_loopback(&l);
        return l.n;
}

/* A server that is bound to all addresses answers over udp from the one that is nearest to the caller, which conntrack would not know
 * for the answer: so the caller is 127.0.0.1, and what is offered looks to its server as local as it is. */
size_t rules_local(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]) {
        List l = list(z, family, ret);
        Rule *r;

        if (family != AF_INET)
                return 0;
        r = begin(&l);
        rule_in(r, z->bridge, false);
        rule_destination(r, LOOPBACK);
        rule_snat(r, INADDR_LOOPBACK);
        return l.n;
}

/* ---- what cannot be ---- */

static Rule *begin_from_zone(List *l) {
        Rule *r = begin(l);

        rule_in(r, l->zone->bridge, false);
        return r;
}

static void guard_loopback(List *l) {
        Rule *r;

        r = begin_from_zone(l);
        rule_destination(r, LOOPBACK);
        rule_jump(r, "DROP");

        r = begin_from_zone(l);
        rule_source(r, LOOPBACK);
        rule_jump(r, "DROP");
}

/* What rp_filter does for IPv4. ::1 is refused by the kernel itself. */
static void guard_sources(List *l) {
        Rule *r;

        r = begin_from_zone(l);
        rule_source(r, &l->gateway, l->whole);
        rule_jump(r, "DROP");

        r = begin_from_zone(l);
        rule_source(r, &l->base, l->prefix);
        rule_jump(r, "RETURN");

        r = begin_from_zone(l);
        rule_source(r, LINK_LOCAL6);
        rule_jump(r, "RETURN");

        r = begin_from_zone(l); /* who asks whether an address is free */
        rule_source(r, UNSPECIFIED6);
        rule_jump(r, "RETURN");

        r = begin_from_zone(l);
        rule_jump(r, "DROP");
}

size_t rules_guard(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]) {
        List l = list(z, family, ret);

        if (is_absent(&l))
                return 0;
        if (family == AF_INET)
                guard_loopback(&l);
        else if (!z->uplinked)
                guard_sources(&l);
        return l.n;
}

/* ---- what is forwarded ---- */

static Rule *begin_within(List *l) {
        Rule *r = begin(l);

        rule_in(r, l->zone->bridge, false);
        rule_out(r, l->zone->bridge, false);
        return r;
}

/* With br_netfilter what is bridged to and from the zone's own DNS and DHCP comes by here too. */
static void let_service_through4(List *l) {
        Rule *r;

        r = begin_within(l); /* a client that has no address yet */
        rule_destination(r, BROADCAST);
        rule_jump(r, "RETURN");

        r = begin_within(l); /* DHCP's answer, which is none to conntrack */
        rule_source(r, &l->service, l->whole);
        rule_udp(r, 67, 68);
        rule_jump(r, "RETURN");
}

/* Likewise, and who asks for its link-layer address, which conntrack does not follow. The host forwards nothing that comes from or goes
 * to addresses of a link, and what one machine bridges to another is stopped at their ports (bridge-isolation.h). */
static void let_service_through6(List *l) {
        Rule *r;

        r = begin_within(l);
        rule_destination(r, LINK_LOCAL_MULTICAST6);
        rule_jump(r, "RETURN");

        r = begin_within(l);
        rule_destination(r, LINK_LOCAL6);
        rule_jump(r, "RETURN");

        r = begin_within(l);
        rule_source(r, LINK_LOCAL6);
        rule_jump(r, "RETURN");

        r = begin_within(l);
        rule_source(r, &l->service, l->whole);
        rule_icmp6(r, ND_NEIGHBOR_ADVERT);
        rule_jump(r, "RETURN");
}

static void let_service_through(List *l) {
        Rule *r = begin_within(l);

        rule_destination(r, &l->service, l->whole);
        rule_jump(r, "RETURN");
        if (l->family == AF_INET)
                let_service_through4(l);
        else
                let_service_through6(l);
}

size_t rules_forward(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]) {
        List l = list(z, family, ret);
        Rule *r;

        if (is_absent(&l))
                return 0;
        if (z->isolated) {
                r = begin_within(&l);
                rule_ctstate(r, XT_CONNTRACK_STATE_DNAT, false);
                rule_mark(r, ISOLATED_MARK);
        }
        if (z->isolated && l.service.family)
                let_service_through(&l);

        r = begin(&l); /* inner addresses are not for others */
        if (!z->isolated)
                rule_in(r, z->bridge, true);
        rule_out(r, z->bridge, false);
        rule_ctstate(r, ANSWERS | XT_CONNTRACK_STATE_DNAT, true);
        rule_jump(r, l.translated ? "DROP" : RULES_ROUTED);

        if (z->closed) {
                r = begin_from_zone(&l);
                rule_out(r, z->bridge, true);
                rule_ctstate(r, ANSWERS, true);
                rule_jump(r, "DROP");
        }
        return l.n;
}

/* The end of that chain, behind what machines have published. */
size_t rules_routed(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]) {
        List l = list(z, family, ret);
        Rule *r;

        if (is_absent(&l) || l.translated)
                return 0;
        r = begin(&l);
        rule_out(r, z->bridge, false);
        rule_jump(r, "DROP");
        return l.n;
}

/* ---- machines ---- */

static void begin_machine(Rule *r, int family, const FirewallMachine *m) {
        char tag[TAG_MAX];

        machine_tag(tag, m->name);
        rule_begin(r, family, tag);
}

bool rule_published(Rule *r, int family, const FirewallMachine *m, const PortMap *p) {
        IpAddress to = firewall_machine_address(m, family);

        if (!firewall_is_published(m, p, family))
                return false;
        begin_machine(r, family, m);
        if (!port_address_is_any(&p->address))
                rule_destination(r, &p->address, family == AF_INET ? 32 : 128);
        rule_ports(r, p->protocol, p->host, p->count);
        rule_dnat(r, &to, (PortShift){ .base = p->host, .to = p->machine, .count = p->count });
        return true;
}

/* Only from this machine's address on its own bridge: another machine's gateway has other ports. */
bool rule_host_port(Rule *r, int family, const FirewallMachine *m, const PortMap *p) {
        IpAddress from = ip_v4(m->address), gateway = ip_v4(m->gateway), loopback = ip_v4(INADDR_LOOPBACK);

        if (family != AF_INET)
                return false;
        begin_machine(r, family, m);
        rule_in(r, m->bridge, false);
        rule_source(r, &from, 32);
        rule_destination(r, &gateway, 32);
        rule_ports(r, p->protocol, p->machine, p->count);
        rule_dnat(r, &loopback, (PortShift){ .base = p->machine, .to = p->host, .count = p->count });
        return true;
}

bool rule_routed(Rule *r, int family, const FirewallMachine *m, const PortMap *p) {
        IpAddress to = firewall_machine_address(m, family);

        if (family != AF_INET6 || !firewall_is_routed(m, p))
                return false;
        begin_machine(r, family, m);
        rule_in(r, m->bridge, true);
        rule_out(r, m->bridge, false);
        rule_destination(r, &to, 128);
        rule_ports(r, p->protocol, p->machine, p->count);
        rule_jump(r, "RETURN");
        return true;
}
