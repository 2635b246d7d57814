/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "error.h"
#include "firewall.h"
#include "network-lock.h"

/* Who is who in a zone, as its service (zone-serve.h) reads it: a machine is a file in each of two directories,
 *
 *     /run/nbox/network/zones/ZONE/dhcp/MACHINE     02:11:22:33:44:55,10.83.12.17,1h
 *                                                   02:11:22:33:44:55,[fd12:3456:789a::11],10m
 *     /run/nbox/network/zones/ZONE/hosts/MACHINE    10.83.12.17 web web.lab
 *                                                   fd12:3456:789a::11 web web.lab
 *
 * and the host is the file hosts/_host, which no machine can be named. It has no IPv6 address there: what it offers to machines by its
 * name (--host-port) it offers by IPv4. They are there whether or not a service is: it may come later.
 * All of it is called with the network lock held. */

#define NAMES_DIRECTORY NETWORK_RUN_DIRECTORY "/zones"
#define NAMES_LEASE "1h" /* how long a guest's DHCP client keeps its address where nobody answers it any more */

/* The same of IPv6. We can take a lease of IPv4 back (dhcp-release.h), by the hardware address; one of IPv6 belongs to a name that only the
 * guest knows, and who comes in its place under another is given nothing until it is over. */
#define NAMES_LEASE6 "10m"

typedef enum NamesKind { NAMES_ZONE, NAMES_DHCP, NAMES_HOSTS } NamesKind;

#define NAMES_PATH_MAX 64
void names_path(const char *zone, NamesKind kind, char ret[NAMES_PATH_MAX]); /* of a directory */

/* Have the zone's directories, and in them the host's own names. */
int names_begin(const char *zone, uint32_t gateway, Error **reterr);

/* Have the machine's files in each zone that it is in, whose directories are there. A service that has read others of that name is
 * told. */
int names_add(const Endpoint *e, Error **reterr);

/* Remove the machine's files from all zones. Their services are told with the next machine that comes (names_add()): what they still
 * know of its hardware address hurts nobody until then, and to be told of each of a thousand that end makes them read a thousand times. */
void names_remove(const char *machine);

/* The same of one zone. */
void names_remove_from(const char *machine, const char *zone);

/* Whether any machine but this one has files there. */
bool names_has_others(const char *zone, const char *machine);

/* How many have. */
size_t names_count(const char *zone);

/* Remove what is of nobody alive. */
void names_sweep(const FirewallOracle *oracle);

/* Remove a zone's directories and all that is in them. */
void names_end(const char *zone);

/* The names that the line of an address has: "web web.lab", or "" where it can have none. A name must not take what is another's:
 * "host" is the host; "localhost" and the zone's own name stand alone for nobody; and one with a dot in it might be somebody's in
 * the world outside, so it has its name below the zone only. */
#define NAMES_TEXT_MAX (2 * (MACHINE_NAME_MAX + 1) + ZONE_NAME_MAX + 1)
void names_of(const char *machine, const char *zone, char ret[NAMES_TEXT_MAX]);
