/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/* A machine's place on a network of the host's: what run/ calls while the machine's child is parked, and what
 * machine/ calls to take it away. All of it works from the host's network namespace and needs root.
 *
 * A zone is a bridge ("nbox0" for the zone "default", "nz-NAME" else) with one IPv4 range, masqueraded.
 * Its range and its machines' addresses are kept in /var/lib/nbox/zones/NAME (lease.h), so that they are the same
 * after a reboot; the bridge and the rules are there only while a machine is. What is there is read from the kernel:
 * links carry their owner in their alias, rules in their comment. */

#define ZONE_DEFAULT "default"

typedef struct NetworkRequest {
        const char *machine;  /* valid machine name */
        const char *zone;     /* ZONE_DEFAULT, or a name of at most 12 bytes */
        int netns;            /* fd of the machine's network namespace */
        const PortMap *ports; /* published on all addresses of the host */
        size_t n_ports;
        bool keep_address;    /* remember the address for this name (false for a throw-away name) */
} NetworkRequest;

typedef struct NetworkLease {
        struct in_addr address; /* network byte order */
        struct in_addr gateway;
        unsigned prefix;
        uint8_t mac[6];              /* the machine's end */
        char host_ifname[IF_NAMESIZE];
        int host_ifindex;
        char bridge[IF_NAMESIZE];
} NetworkLease;

/* Make the zone if it is not there, then the veth pair (machine's end "host0", altname "eth0", up, addressed,
 * default route set, loopback up), and the machine's port rules. On failure nothing of this machine is left.
 * -EADDRINUSE: a port is busy, or the zone's range meets a network that the host has got since; -EOPNOTSUPP: the
 * kernel has no packet filter that is supported; each with what to do. */
int network_attach(const NetworkRequest *req, NetworkLease *ret, Error **reterr);

/* Loopback up in a namespace: what --network=none needs. */
int network_loopback_up(int netns, Error **reterr);

/* Remove the machine's rules and link; and the zone's bridge and rules when no port is left on its bridge. Never
 * fails half way: it does what it can, and reports the first error. Idempotent. */
int network_detach(const char *machine, const char *zone, Error **reterr);

/* Remove the rules and links of every machine for which is_alive() says no, and every zone's bridge that has no
 * port left. For gc. */
int network_sweep(bool (*is_alive)(const char *machine, void *userdata), void *userdata, Error **reterr);

/* Where the host's names are resolved, for a machine in a network of its own: nameserver lines whose address is
 * no loopback (from /run/systemd/resolve/resolv.conf or /etc/resolv.conf), search and options lines kept.
 * *ret is the caller's; may hold no nameserver at all (then returns 0, else 1). */
int network_resolv_conf(char **ret, Error **reterr);
