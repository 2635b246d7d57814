/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "firewall.h"

/* What firewall.c chooses from. The functions are those of firewall.h, for one kind of ruleset. */

typedef struct FirewallBackend {
        const char *name; /* as in HOST_CONFIG_PATH, and in the note of what is in use */
        bool (*usable)(void);
        int (*apply)(const FirewallSet *set, const FirewallOracle *oracle, Error **reterr);
        int (*check)(const FirewallSet *set, char ***ret_missing, Error **reterr);
        int (*remove)(const char *machine, const char *zone, Error **reterr);
        int (*sweep)(const FirewallOracle *oracle, Error **reterr);
} FirewallBackend;

extern const FirewallBackend firewall_iptables;
extern const FirewallBackend firewall_nft;

/* Note in a strv of firewall_check() that something of a machine or zone is missing; each is named once. */
int firewall_miss(char ***missing, const char *kind, const char *name, Error **reterr);

/* "Port 80/tcp of the host is published by machine 'web' already" (or by `name` NULL: a rule that is nobody's). */
int firewall_port_is_taken(int protocol, uint16_t port, const char *machine, Error **reterr);
