/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "link.h"

/* A link that goes from one network namespace into another: what it is like, and what it is made like again. Over rtnetlink, as link.h.
 *
 * What the kernel does with it (5.15 to 6.18, tried): it goes down, leaves its bridge, and loses addresses, routes, queueing disciplines
 * and what is stacked on it; MAC address, MTU, flags, group and alias stay. Its index stays where that is free. Its altnames go along since
 * 6.6, and then keep it from leaving where another link has one of them as its name or altname. */

#define LINK_PARENT_MAX 64
#define LINK_FLAGS (IFF_PROMISC | IFF_ALLMULTI | IFF_MULTICAST | IFF_NOARP) /* what is set by hand, but for up */

typedef struct LinkDetails {
        LinkInfo link;
        unsigned mtu;
        unsigned flags;               /* of LINK_FLAGS, those that are set */
        unsigned group;
        uint8_t permanent[6];         /* the MAC address that its hardware has; zeros: it has none */
        char parent[LINK_PARENT_MAX]; /* the device of a physical one, "0000:00:03.0" (Linux 5.14); or "" */
        char **altnames;              /* owned */
} LinkDetails;

void link_details_done(LinkDetails *d);

/* By name or altname. -ENODEV: there is none. */
int link_look(Netlink *nl, const char *name, LinkDetails *ret);

/* All of the namespace; *ret is the caller's, with link_details_list_free(). */
int link_look_all(Netlink *nl, LinkDetails **ret, size_t *ret_n);
void link_details_list_free(LinkDetails *list, size_t n);

/* Into the namespace `netns` (an fd), and called `name` there. Where it cannot be called that, it may have gone all the same. */
void link_put_netns(Netlink *nl, int index, int netns, const char *name);

void link_put_name(Netlink *nl, int index, const char *name); /* a "%d" in it is replaced by the first number that is free */
void link_put_mac(Netlink *nl, int index, const uint8_t mac[6]);
void link_put_mtu(Netlink *nl, int index, unsigned mtu);
void link_put_flags_and_group(Netlink *nl, int index, unsigned flags, unsigned group);
void link_put_alias_of(Netlink *nl, int index, const char *alias); /* "": none */
void link_put_altname_of(Netlink *nl, int index, const char *altname);
void link_put_altname_gone(Netlink *nl, int index, const char *altname);
