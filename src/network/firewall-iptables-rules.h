/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "firewall.h"
#include "iptables.h"

/* What zones and machines need, as rules of legacy iptables or ip6tables (AF_INET, AF_INET6): pure functions, the text of
 * firewall-iptables.c's tables. */

#define RULES_ROUTED "NBOX-ROUTED" /* the chain that rules_forward() jumps to */

/* Each writes a zone's rules for one chain, and returns how many: none of IPv6 for a zone without it. */
#define ZONE_RULES_MAX 10
typedef size_t (*ZoneRules)(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]);
size_t rules_masquerade(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]); /* nat, sources */
size_t rules_local(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]);      /* nat, what the host itself takes in */
size_t rules_guard(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]);      /* before routing: sources that cannot be */
size_t rules_forward(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]);    /* forwarded: inner addresses, isolated, closed */
size_t rules_routed(const FirewallZone *z, int family, Rule ret[ZONE_RULES_MAX]);     /* likewise, where addresses are not translated */

/* One rule for a port map, however many ports it has: what goes to the host, what the host's loopback is asked, what goes to the
 * machine's own address where that is routed. False when there is none of that family for it. */
bool rule_published(Rule *r, int family, const FirewallMachine *m, const PortMap *p);
bool rule_host_port(Rule *r, int family, const FirewallMachine *m, const PortMap *p);
bool rule_routed(Rule *r, int family, const FirewallMachine *m, const PortMap *p);
