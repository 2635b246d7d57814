/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "config.h"
#include "error.h"
#include "name.h"

/* What a machine has on the host's network, in NETWORK_RUN_DIRECTORY/machines/NAME: written before the first rule or link of it
 * is made, removed after the last. The kernel holds what is; this says what should be, for a repair, for lists, and for the next
 * life of a machine that reboots.
 *
 * The file is lines KEY=value, replaced atomically, root's alone; keys are added and never changed, and a reader passes over
 * those that it does not know. All of it is called with the network lock held (network-lock.h). */

typedef struct EndpointNic {
        char zone[ZONE_NAME_MAX + 1];
        uint32_t address; /* host byte order */
        uint8_t mac[6];   /* the machine's end */
} EndpointNic;

typedef struct Endpoint {
        char machine[MACHINE_NAME_MAX + 1];
        EndpointNic nics[NICS_MAX];
        size_t n_nics;
        PortList ports;      /* owned */
        PortList host_ports; /* owned */
        uint64_t ingress_rate, egress_rate; /* bits per second; 0: no limit */
} Endpoint;

void endpoint_free(Endpoint *e);
DEFINE_CLEANUP(Endpoint *, endpoint_free);
