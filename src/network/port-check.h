/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "error.h"

/* Ports that are to be published. */
typedef struct PortCheck {
        const char *machine;
        const PortList *ports;
        bool has_ipv6; /* the machine, in the zone that they are published for */
} PortCheck;

/* Whether they can be: -EINVAL when one is asked for twice, -EAFNOSUPPORT when one is for an IPv6 address and the machine has none,
 * -EADDRINUSE when a program of the host listens there (the rules would cut it off), with its name where /proc shows it, or another
 * machine's relay (port-relays.h). What listens on another address than the one that a port is published on, or in a family that
 * it is not published in, is not in the way. */
int ports_check(const PortCheck *check, Error **reterr);

/* Say which are for an address that the host has not: by itself that is no error. To be called where somebody reads it: a start in
 * the background is past that when it checks its ports. */
void ports_warn_of_absent(const PortList *ports);
