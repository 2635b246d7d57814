/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "port-listen.h"

/* Ports of a machine that runs, published and taken back. What is changed is changed for as long as it is on, reboots included. */

typedef struct PortChange {
        const char *machine;
        PortList ports; /* these and the next: all of them or none */
        PortList host_ports;
        bool remove;
        PortScope scope; /* filled in: what of it is its supervisor's to change */
} PortChange;

/* Takes the network lock. What is removed is found as endpoint_remove_port() does, and the lists are changed to it. -ESRCH: the
 * machine is on no network of the host's; -EADDRINUSE, -EEXIST, -ENOENT as ports_check(), endpoint_add_port() and
 * endpoint_remove_port(). */
int network_change_ports(PortChange *change, Error **reterr);
