/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "error.h"

/* Published ports where no rule leads to the machine: at [::1], for which the kernel has no translation (what comes from ::1 is not routed
 * to any link but the loopback one, whatever a rule says; for IPv4 there is route_localnet), and those of machines that are in no zone,
 * for which nothing of the host's forwarding and filter is touched. So bytes and datagrams are carried by a process.
 *
 * It is one process for one published port or range of ports, there only while somebody uses it: it ends by itself when nobody has for a
 * while, and with whoever started it (who has the listeners as well, and hears of the next one). It takes nothing from what it carries
 * but its length, and connects to one machine's addresses only, which it knows before it sees the first byte; its sockets are bound to the
 * interface behind which the machine is, so that no address that a guest gives itself leads anywhere else. */

typedef struct PortRelayLimits {
        unsigned conversations;    /* TCP connections, UDP clients, at a time; further connections wait, the UDP client heard longest ago goes */
        unsigned idle_msec;        /* the end, after so long without any */
        unsigned session_msec;     /* a UDP client that neither says nor is told anything is forgotten */
        unsigned half_closed_msec; /* likewise a connection one side of which has ended (the kernel's translation: two minutes) */
} PortRelayLimits;

#define PORT_RELAY_LIMITS \
        (PortRelayLimits){ .conversations = 512, .idle_msec = 15000, .session_msec = 120000, .half_closed_msec = 600000 }

typedef struct PortRelay {
        int protocol;         /* IPPROTO_TCP or IPPROTO_UDP */
        const int *listeners; /* as port_listen() makes them; -1: none */
        size_t n;
        uint16_t port;        /* the machine's, of the first; the others follow */
        IpAddress targets[2]; /* the machine's, in the order in which they are tried; may be none */
        const char *device;   /* the host's interface that leads there, "" for any: whatever the address, nothing else is reached */
        PortRelayLimits limits;
} PortRelay;

/* Carry, until there has been nothing to do for a while: 0. -errno: it could not be begun. */
int port_relay_run(const PortRelay *q);

/* The same in a process of its own, a child without privileges that ends with the caller. Returns its pid and pidfd, or -errno. */
pid_t port_relay_start(const PortRelay *q, int *ret_pidfd, Error **reterr);
