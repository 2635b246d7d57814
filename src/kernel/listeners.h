/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"

/* Sockets of this network namespace that wait to be talked to, by the tables of /proc/net (proc_net_tcp.rst): TCP that listens, UDP without
 * a peer. */

typedef struct Listener {
        IpAddress address; /* 0.0.0.0: all of IPv4; none: all of IPv6, and of IPv4 unless the socket says otherwise (IPV6_V6ONLY), which
                              the tables do not show */
        uint16_t port;
        unsigned long inode;
} Listener;

/* Of IPPROTO_TCP or IPPROTO_UDP, both families; *ret is the caller's. 0 or -errno. */
int listeners_read(int protocol, Listener **ret, size_t *ret_n);

typedef struct ListenerOwner {
        char comm[32];
        pid_t pid;
} ListenerOwner;

/* A process that has the socket. False where /proc does not show one. */
bool listener_owner(unsigned long inode, ListenerOwner *ret);
