/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "range.h"
#include "range6.h"

/* The host's packet filter, as zones and machines need it: translation of addresses, and what must not pass, in both families. What it
 * is made of (legacy tables by libiptc, tables of nftables) is the backend's matter. That somebody else's ruleset drops what is to pass
 * is doors.h's.
 *
 * IPv6 is as IPv4, but for this. Nothing goes to or from ::1 (the kernel takes no packet from there to another interface), so what is
 * published on [::1] is not for rules; ports of the host's loopback are offered by IPv4 alone. Sources are filtered here, for there is
 * no rp_filter. Callers with a link-local address are not served, since the kernel forwards nothing of theirs. A range that is routed
 * is not translated outward; from outside only answers, what was translated, and published ports at the machine's own address pass.
 *
 * Every rule carries the name of the zone or the machine that it belongs to, in the kernel's own tables: there is no
 * list of ours that could be lost, and what a crash left is found by its name. */

typedef struct FirewallZone {
        const char *name;
        const char *bridge;
        Range range;
        Range6 range6;    /* prefix 0: no IPv6, no rules for it */
        bool routed6;     /* range6 is not translated, and published ports are open at its addresses, too */
        bool uplinked;    /* what comes from its bridge may have any source */
        bool isolated;    /* its machines do not reach one another but by published ports */
        bool closed;      /* nothing of it goes out, but answers */
        uint32_t service; /* where its DNS and DHCP are, host byte order; 0: nowhere */
        struct in6_addr service6; /* likewise; all zero: nowhere */
} FirewallZone;

typedef struct FirewallMachine {
        const char *name;
        const char *bridge;         /* of its first NIC */
        uint32_t address;           /* likewise; host byte order; 0: none */
        struct in6_addr address6;   /* likewise; all zero: none */
        bool routed6;               /* its published ports are open at address6, too */
        const PortList *ports;      /* published; also to its own zone and to itself */
        const PortList *host_ports; /* of the host's 127.0.0.1, offered to it alone at the gateway's address */
        uint32_t gateway;           /* host byte order */
} FirewallMachine;

/* What is to stand. One zone and one machine at a boot; all of them at a repair. */
typedef struct FirewallSet {
        const FirewallZone *zones;
        size_t n_zones;
        const FirewallMachine *machines;
        size_t n_machines;
} FirewallSet;

/* Who still needs their rules. A NULL function says yes for all. */
typedef struct FirewallOracle {
        bool (*machine_is_alive)(const char *machine, void *userdata);
        bool (*zone_is_alive)(const char *zone, void *userdata);
        void *userdata;
} FirewallOracle;

/* Whether it has given up a machine or a zone; `o` may be NULL, which knows nothing. */
bool firewall_machine_is_dead(const FirewallOracle *o, const char *machine);
bool firewall_zone_is_dead(const FirewallOracle *o, const char *zone);

/* A machine's address of one family, or none. */
IpAddress firewall_machine_address(const FirewallMachine *m, int family);

/* Whether a port is published in one family by way of rules. */
bool firewall_is_published(const FirewallMachine *m, const PortMap *p, int family);

/* Whether a port is open at the machine's own, routed address: one that is published on all addresses. */
bool firewall_is_routed(const FirewallMachine *m, const PortMap *p);

/* Have the rules of these zones and machines stand, exactly these; nothing is committed where they do, and others' are left
 * alone. A port that a machine alive has is -EADDRINUSE; one that a dead machine has is taken over. From then on packets of
 * these zones to 127.0.0.0/8 are dropped, so that routing such addresses on their bridges (route_localnet) is safe
 * (CVE-2020-8558). -EOPNOTSUPP: no usable packet filter. Called with the network lock held. */
int firewall_apply(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr);

/* What of it does not stand, changing nothing: a strv of words for people ("zone 'default'"), the caller's; NULL when all is
 * there. Returns how many. */
int firewall_check(const FirewallSet *set, char ***ret_missing, Error **reterr);

/* The same of the backend that is in use, whatever is wanted by now, and without saying what; what cannot be seen stands. */
bool firewall_stands(const FirewallSet *set);

/* That they do, and that there is nothing to apply, by a look that costs little (firewall-seen.h): false where it does not tell. */
bool firewall_stands_as_seen(const FirewallSet *set);

/* Remove a machine's rules and a zone's (either may be NULL), and with the last rule our chains. */
int firewall_remove(const char *machine, const char *zone, Error **reterr);

/* Remove what belongs to nobody alive. */
int firewall_sweep(const FirewallOracle *oracle, Error **reterr);

/* Forget the choice of backend, and take away what served all zones: when the last one has gone. */
void firewall_release(void);

/* Where the configuration wants another backend than the one in use: remove the rules of that one, so that the next
 * firewall_apply(), which must be for all that stands, makes them anew with the other. Returns 1 then, else 0. */
int firewall_change(Error **reterr);

/* What it is and why, for people: "nft (no legacy tables)". Needs root; may load modules. */
#define FIREWALL_TEXT_MAX 160
void firewall_describe(char ret[FIREWALL_TEXT_MAX]);
int firewall_look(char ret[FIREWALL_TEXT_MAX], Error **reterr); /* the same; -EOPNOTSUPP: there is none, or what nbox.conf(5) has is wrong */
