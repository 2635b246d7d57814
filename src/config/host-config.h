/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "enums.h"
#include "error.h"

/* What the host's administrator says once for all machines, nbox.conf(5): few things, for a host should do without. */

#define HOST_CONFIG_PATH "/etc/nbox.conf"

typedef enum FirewallChoice {
        FIREWALL_AUTO,
        FIREWALL_IPTABLES, /* the legacy tables, by libiptc */
        FIREWALL_NFT,
} FirewallChoice;

extern const EnumName firewall_choice_names[];

typedef enum Ipv6Choice {
        IPV6_YES, /* where the kernel has it */
        IPV6_NO,
} Ipv6Choice;

extern const EnumName ipv6_choice_names[];

typedef struct HostConfig {
        int firewall; /* FirewallChoice */
        int ipv6;     /* Ipv6Choice: whether zones have IPv6 */
        int parallel_starts; /* how many machines start at once with the host; 0: as host_parallel_starts() has it; INT_MAX: all */
} HostConfig;

/* Read HOST_CONFIG_PATH; where there is no such file, everything is at its default. What is unknown is warned about; a
 * file that is none, and a value that is not allowed, are errors that name the line (-EBADMSG, -EINVAL). */
int host_config_load(HostConfig *ret, Error **reterr);

/* That number, never 0. */
unsigned host_parallel_starts(const HostConfig *c);

/* The same of a text, which is changed and followed by a NUL; `path` is for messages. */
int host_config_parse(HostConfig *ret, const char *path, char *text, size_t size, Error **reterr);
