/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>

#include "error.h"
#include "libsystemd.h"

/* Have systemd-resolved of this host ask `server` (network byte order) for names below `domain`, and for nothing else, by the link with that
 * ifindex: org.freedesktop.resolve1(5). It keeps that as long as the link is there. 1, or 0 where it does not run: it is not
 * started for this. */
int resolved_route_domain(sd_bus *bus, int ifindex, struct in_addr server, const char *domain, Error **reterr);
