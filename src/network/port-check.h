/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "config.h"
#include "error.h"

/* Whether ports can be published: -EINVAL when one is asked for twice, -EADDRINUSE when a program of the host
 * listens there over IPv4 (the rules would cut it off), with its name where /proc shows it. What listens on another
 * address than the one that a port is published on is not in the way. */
int ports_check(const PortList *ports, Error **reterr);

/* Say which are for an address that the host has not: by itself that is no error. To be called where somebody reads it: a start in
 * the background is past that when it checks its ports. */
void ports_warn_of_absent(const PortList *ports);
