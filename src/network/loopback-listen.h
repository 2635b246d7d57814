/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "config.h"

/* Sockets that listen on [::1] for published ports (port-relay.h says why). */

/* Where a supervisor has them: those beyond the first few get high numbers, so that however many they are, what else is opened finds room
 * below the usual limit, which is raised while they are made, and not for what is started later. */
#define LOOPBACK_FDS_BEGIN 1024
#define LOOPBACK_PORTS_MAX 4096 /* a machine's: each is 2 to 4 KiB of the kernel's memory */
#define LOOPBACK_FDS_END (LOOPBACK_FDS_BEGIN + LOOPBACK_PORTS_MAX)

/* Whether a port is to be reached at [::1]: it is published on all addresses, on all of IPv6, or on that one. */
bool loopback_is_wanted(const PortMap *p);

/* Whether this host has ::1 at all. */
bool loopback_is_there(void);

/* Listen for p->count ports: fds[i] is the ith's, non-blocking, or -1. Those that can be had are; returns 0, or the -errno of the first
 * that cannot, its number in *ret_failed. -EADDRINUSE: another program has it. */
int loopback_listen(const PortMap *p, int *fds, uint16_t *ret_failed);

/* Whether somebody listens there for it; of a range for its first port. */
bool loopback_is_served(const PortMap *p);
