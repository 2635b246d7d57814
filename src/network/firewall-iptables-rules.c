/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-iptables-rules.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>

#include "bridge-isolation.h"
#include "port-map.h"
#include "tag.h"

#define LOOPBACK 0x7f000000u, 0xff000000u /* 127.0.0.0/8 */
#define ONE_ADDRESS 0xffffffffu
#define BROADCAST 0xffffffffu
#define ANSWERS (XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) | XT_CONNTRACK_STATE_BIT(IP_CT_RELATED))

static Rule *begin(const FirewallZone *z, Rule *rules, size_t *n) {
        char tag[TAG_MAX];

        zone_tag(tag, z->name);
        rule_begin(rules + *n, tag);
        return rules + (*n)++;
}

size_t rules_masquerade(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]) {
        uint32_t base = z->range.base, mask = range_mask(z->range);
        size_t n = 0;
        Rule *r;

        /* outward */
        r = begin(z, ret, &n);
        rule_source(r, base, mask);
        rule_out(r, z->bridge, true);
        rule_masquerade(r);

        /* published, and called by a machine of the same zone: the answer would go straight from machine to machine else */
        r = begin(z, ret, &n);
        rule_source(r, base, mask);
        rule_destination(r, base, mask);
        rule_out(r, z->bridge, false);
        rule_ctstate(r, XT_CONNTRACK_STATE_DNAT, false);
        rule_masquerade(r);

        /* from 127.0.0.1, which the machine would take for itself */
        r = begin(z, ret, &n);
        rule_source(r, LOOPBACK);
        rule_out(r, z->bridge, false);
        rule_masquerade(r);
        return n;
}

/* A server that is bound to all addresses answers over udp from the one that is nearest to the caller, which conntrack would not know
 * for the answer: so the caller is 127.0.0.1, and what is offered looks to its server as local as it is. */
size_t rules_local(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]) {
        size_t n = 0;
        Rule *r = begin(z, ret, &n);

        rule_in(r, z->bridge, false);
        rule_destination(r, LOOPBACK);
        rule_snat(r, INADDR_LOOPBACK);
        return n;
}

size_t rules_guard(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]) {
        size_t n = 0;
        Rule *r;

        r = begin(z, ret, &n);
        rule_in(r, z->bridge, false);
        rule_destination(r, LOOPBACK);
        rule_jump(r, "DROP");

        r = begin(z, ret, &n);
        rule_in(r, z->bridge, false);
        rule_source(r, LOOPBACK);
        rule_jump(r, "DROP");
        return n;
}

static Rule *within(const FirewallZone *z, Rule *rules, size_t *n) {
        Rule *r = begin(z, rules, n);

        rule_in(r, z->bridge, false);
        rule_out(r, z->bridge, false);
        return r;
}

/* With br_netfilter what is bridged to and from the zone's own DNS and DHCP comes by here too. */
static void let_service_through(const FirewallZone *z, Rule *rules, size_t *n) {
        Rule *r;

        r = within(z, rules, n);
        rule_destination(r, z->service, ONE_ADDRESS);
        rule_jump(r, "RETURN");

        r = within(z, rules, n); /* a client that has no address yet */
        rule_destination(r, BROADCAST, ONE_ADDRESS);
        rule_jump(r, "RETURN");

        r = within(z, rules, n); /* DHCP's answer, which is none to conntrack */
        rule_source(r, z->service, ONE_ADDRESS);
        rule_udp(r, 67, 68);
        rule_jump(r, "RETURN");
}

size_t rules_forward(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]) {
        size_t n = 0;
        Rule *r;

        if (z->isolated) {
                r = within(z, ret, &n);
                rule_ctstate(r, XT_CONNTRACK_STATE_DNAT, false);
                rule_mark(r, ISOLATED_MARK);
        }
        if (z->isolated && z->service != 0)
                let_service_through(z, ret, &n);

        r = begin(z, ret, &n); /* inner addresses are not for others */
        if (!z->isolated)
                rule_in(r, z->bridge, true);
        rule_out(r, z->bridge, false);
        rule_ctstate(r, ANSWERS | XT_CONNTRACK_STATE_DNAT, true);
        rule_jump(r, "DROP");

        if (z->closed) {
                r = begin(z, ret, &n);
                rule_in(r, z->bridge, false);
                rule_out(r, z->bridge, true);
                rule_ctstate(r, ANSWERS, true);
                rule_jump(r, "DROP");
        }
        return n;
}

void rule_published(Rule *r, const FirewallMachine *m, const PortMap *p) {
        char tag[TAG_MAX];

        machine_tag(tag, m->name);
        rule_begin(r, tag);
        if (!port_address_is_any(&p->address))
                rule_destination(r, p->address.v4, ONE_ADDRESS);
        rule_ports(r, p->protocol, p->host, p->count);
        rule_dnat(r, m->address, (PortShift){ .base = p->host, .to = p->machine, .count = p->count });
}

/* Only from this machine's address on its own bridge: another machine's gateway has other ports. */
void rule_host_port(Rule *r, const FirewallMachine *m, const PortMap *p) {
        char tag[TAG_MAX];

        machine_tag(tag, m->name);
        rule_begin(r, tag);
        rule_in(r, m->bridge, false);
        rule_source(r, m->address, ONE_ADDRESS);
        rule_destination(r, m->gateway, ONE_ADDRESS);
        rule_ports(r, p->protocol, p->machine, p->count);
        rule_dnat(r, INADDR_LOOPBACK, (PortShift){ .base = p->machine, .to = p->host, .count = p->count });
}
