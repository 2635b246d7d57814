/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "endpoint.h"
#include "port-map.h"

/* Sockets that listen on the host for published ports which no rule leads to the machine (port-relay.h says why). */

typedef enum PortScope {
        PORT_SCOPE_LOOPBACK, /* [::1] alone: of a machine in a zone, for which rules do the rest */
        PORT_SCOPE_ALL,      /* all addresses that it is published on: of a machine in no zone, for which there are no rules */
} PortScope;

PortScope port_scope(const Endpoint *e);

/* Of a machine in no zone, the interface that its ports lead to: the first whose other end is the host's. NULL: there is none. */
const EndpointLink *port_link(const Endpoint *e);

/* Where a supervisor has them: those beyond the first few get high numbers, so that however many they are, what else is opened finds room
 * below the usual limit, which is raised while they are made, and not for what is started later. */
#define PORT_FDS_BEGIN 1024
#define RELAYED_PORTS_MAX 4096 /* a machine's: each is 2 to 4 KiB of the kernel's memory */
#define PORT_FDS_END (PORT_FDS_BEGIN + RELAYED_PORTS_MAX)

/* -E2BIG: the machine would not be reached by all that it publishes, since there are no rules for the rest. */
int port_check_scope(const Endpoint *e, Error **reterr);

/* Whether a port is to be listened for: in the narrow scope, when it is published on all addresses, on all of IPv6, or on [::1], and this
 * host has that. */
bool port_is_relayed(const PortMap *p, PortScope scope);

/* Listen for p->count ports: fds[i] is the ith's, non-blocking, or -1. Those that can be had are; returns 0, or the -errno of the first
 * that cannot, its number in *ret_failed. -EADDRINUSE: another program has it. */
int port_listen(const PortMap *p, PortScope scope, int *fds, uint16_t *ret_failed);

/* Whether somebody listens there for it; of a range for its first port. */
bool port_is_heard(const PortMap *p, PortScope scope);

/* "[::1]:8080/tcp": where that is, for people. */
#define PORT_PLACE_MAX (PORT_ADDRESS_TEXT_MAX + 16)
void port_place_format(const PortMap *p, PortScope scope, uint16_t port, char ret[PORT_PLACE_MAX]);
