/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "ready.h"

/* Looking whether a condition of Ready= holds, from outside; `leader` is the host's pid of the machine's init, which the caller
 * has not reaped. Nothing is connected to, written or executed. What cannot be looked at does not hold. */

typedef struct ReadyUsers { /* whose sockets count; count 0: everybody's */
        uid_t base;
        uint32_t count;
} ReadyUsers;

/* It has a child, or has waited for one. From procfs alone: a guest cannot delay it. */
bool look_for_child(pid_t leader);

/* Beneath the machine's root, links resolved as inside. A guest's own file system may let this wait for as long as it likes. */
bool look_for_file(pid_t leader, const char *path);

/* Something listens (tcp) or is bound (udp) there, over IPv4 or IPv6, in the network namespace of init. */
bool look_for_port(pid_t leader, int protocol, uint16_t port, const ReadyUsers *users);

/* One table of /proc/PID/net, read line by line; for tests too. */
bool port_is_in_table(FILE *table, int protocol, uint16_t port, const ReadyUsers *users);
