/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "firewall.h"
#include "iptables.h"

/* What zones and machines need, as rules of legacy iptables: pure functions, the text of firewall-iptables.c's tables. */

/* Each writes a zone's rules for one chain, and returns how many. */
#define ZONE_RULES_MAX 6
size_t rules_masquerade(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]); /* nat, sources */
size_t rules_local(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]);      /* nat, what the host itself takes in */
size_t rules_guard(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]);      /* before routing: 127.0.0.0/8 */
size_t rules_forward(const FirewallZone *z, Rule ret[ZONE_RULES_MAX]);    /* forwarded: inner addresses, isolated, closed */

/* One rule for a port map, however many ports it has. */
void rule_published(Rule *r, const FirewallMachine *m, const PortMap *p);
void rule_host_port(Rule *r, const FirewallMachine *m, const PortMap *p);
