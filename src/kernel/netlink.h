/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "address.h"
#include "cleanup.h"
#include "libmnl.h"

/* A netlink socket with a batch: messages are added one after another, and sent in one sendmsg(2). The kernel
 * works through all of them in order, also after one that failed. */

typedef struct Netlink Netlink;

#define NETLINK_BATCH_MAX 16

/* Open a socket of a netlink protocol (NETLINK_ROUTE …) in the namespace `netns` (-1: our own), see netns.h. Returns 0
 * or -errno. */
int netlink_new(int protocol, int netns, Netlink **ret);
void netlink_free(Netlink *nl);
DEFINE_CLEANUP(Netlink *, netlink_free);

/* Begin a message: the family's header is copied behind the netlink header, attributes follow by mnl_attr_put*().
 * NLM_F_REQUEST and NLM_F_ACK are added; the caller may take NLM_F_ACK away from the frame of a transaction, which the kernel answers
 * only when all of it fails. A dump (NLM_F_DUMP) must be alone in its batch. Never NULL: a message too
 * many is reported by netlink_run(). At most 1 KiB of attributes. */
struct nlmsghdr *netlink_add(Netlink *nl, uint16_t type, uint16_t flags, const void *header, size_t size);

/* Called for each message that answers a RTM_GET…; < 0 ends the reading with that error. */
typedef int (*NetlinkHandler)(const struct nlmsghdr *m, void *userdata);

/* Send what was added and wait for all answers. Returns 0 or the -errno of the first message that failed; `results`
 * (may be NULL; NETLINK_BATCH_MAX entries) gets 0 or -errno for each. The batch is empty afterwards.
 * -EINTR: a dump was changed by others while it ran and must be asked again. */
int netlink_run(Netlink *nl, NetlinkHandler handler, void *userdata, int *results);

/* The ifindex of a link of its namespace by its name, which nobody has to be waited for: the kernel keeps no lock for it. -ENODEV. */
int netlink_ifindex(const Netlink *nl, const char *name);

/* And the other way: `name` has room for IF_NAMESIZE bytes, and is "" where there is none. */
void netlink_ifname(const Netlink *nl, int index, char *name);

/* An address as an attribute, and back: its family is in its size. read: 0 or -EBADMSG. */
void netlink_put_ip(struct nlmsghdr *m, uint16_t type, const IpAddress *address);
int netlink_read_ip(const struct nlattr *attribute, IpAddress *ret);
