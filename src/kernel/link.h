/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "netlink.h"

/* Network interfaces, their addresses and routes, over rtnetlink. Functions called link_put_*() only add to the
 * batch of `nl`; the others run it. Returns are 0 or -errno. */

#define LINK_ALIAS_MAX 256 /* IFALIASZ */

typedef struct LinkInfo {
        int index;
        char name[IF_NAMESIZE];
        char kind[16];              /* "bridge", "veth"; "" for a physical one */
        char alias[LINK_ALIAS_MAX]; /* IFLA_IFALIAS, free text of who made it */
        int master;                 /* ifindex of the bridge that it is a port of, or 0 */
        int peer;                   /* veth: ifindex of the other end, in the other end's namespace; vlan: of the link below */
        bool peer_elsewhere;        /* the other end is in another namespace than this one */
        int peer_netns;             /* by which the kernel calls that; -1: it is not to be called any more */
        uint8_t mac[6];
        bool up;                    /* IFF_UP: it was set up, with a carrier or not */
        bool loopback;
} LinkInfo;

/* By its name or an altname. -ENODEV when there is none. */
int link_get(Netlink *nl, const char *name, LinkInfo *ret);

/* Whether the namespace of its other end is going away, and takes the pair with it in a moment: nobody is in it, and nobody has a
 * descriptor of it any more. Removing the link costs who does it ten times what all else of an end does. */
bool link_is_going(Netlink *nl, const LinkInfo *link);

/* What a RTM_NEWLINK message says. */
void link_parse(const struct nlmsghdr *m, LinkInfo *ret);

/* All links, or those that are ports of the bridge with the ifindex `master` (0: all). *ret is the caller's. */
int link_list(Netlink *nl, int master, LinkInfo **ret, size_t *ret_n);

/* Delete by name; no such link is 0. */
int link_delete(Netlink *nl, const char *name);

/* Make a bridge, down, with a fixed MAC address (without one it takes that of a port, and changes when ports come
 * and go). It sends what is for many to all: which groups there are is not for a port to say, and neighbours are found by them in IPv6.
 * -EEXIST. */
int bridge_create(Netlink *nl, const char *name, const uint8_t mac[6]);

void link_put_up(Netlink *nl, int index);
void link_put_down(Netlink *nl, int index);
void link_put_master(Netlink *nl, int index, int master); /* a port of that bridge; 0: of none */
void link_put_alias(Netlink *nl, const char *name, const char *alias);
void link_put_altname(Netlink *nl, const char *name, const char *altname);

/* What a bridge's port may do: send back what came in through it; exchange nothing with other isolated ports. */
void link_put_port_flags(Netlink *nl, int index, bool hairpin, bool isolated);

/* The first of these later, the second left as it is. */
void link_put_hairpin(Netlink *nl, int index);

/* Of either family. An IPv6 address is there at once: nobody is asked whether he has it already. */
void link_put_address(Netlink *nl, int index, const IpAddress *address, unsigned prefix);
void link_put_new_address(Netlink *nl, int index, const IpAddress *address, unsigned prefix); /* -EEXIST, and nothing is changed */
void link_put_address6_query(Netlink *nl, int index, const struct in6_addr *address); /* -EADDRNOTAVAIL: it has not */
void link_put_default_route(Netlink *nl, int index, const IpAddress *gateway);
void link_put_network_route(Netlink *nl, int index, const IpAddress *network, unsigned prefix); /* whose hosts are on this link */

/* An interface that gives itself no IPv6 address, not even fe80::…; for one that is still down. */
void link_put_no_own_address(Netlink *nl, int index);

/* Whether an interface has an address, IPv4 or IPv6, but those that every IPv6 interface gives itself. 1, 0 or -errno. */
int link_has_address(Netlink *nl, int index);

/* One destination that the host knows a way to: a route of any table, or an interface's own network. Those of every IPv6 interface
 * (link-local, multicast) are none, nor are IPv6 routes that say that there is no way: what is delegated to a host has such a one. */
typedef struct RouteInfo {
        IpAddress destination; /* 0.0.0.0 and :: too */
        unsigned prefix; /* 0: a default route */
        int index;       /* the interface, or 0 (blackhole, multipath) */
        bool address;    /* an interface's own network, not a route */
} RouteInfo;

/* Those of one family, AF_INET or AF_INET6; a kernel without IPv6 has none. */
int route_list(Netlink *nl, int family, RouteInfo **ret, size_t *ret_n);
