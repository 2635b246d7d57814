/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "name.h"
#include "range.h"
#include "range6.h"

/* What a zone remembers over reboots, in ZONE_STATE_DIRECTORY/NAME: lines
 *
 *     range 10.83.12.0/22
 *     #: created                    made by `nbox zone create`, not just by use
 *     isolated                      its machines do not see each other
 *     closed                        its machines do not get out
 *     uplink eth1 vlan 12           the bridge has this interface of the host's, or its VLAN, as a port
 *     #: service 10.83.15.254       the address of its name service
 *     #: range6 fd12:3456:789a::/64 its IPv6 addresses; behind it "routed" where they are not translated; or "none"
 *     machine web 10.83.12.17       a machine's address
 *     #: machine web 10.83.12.18 nic 2
 *                                   that of its second interface in this zone
 *
 * and comments (#). An administrator may write such a file by hand before the zone's first machine starts. It is
 * replaced atomically; whoever changes it holds the network lock (network-lock.h).
 *
 * A newer nbox may have written lines that this one does not know. A line whose first word is unknown is kept as it is, in its
 * place after all others, and `nbox zone show` names it; a line whose first word is known must be right as a whole. So what is
 * added to a known line must be something that an older nbox must not pass over; all else is a line of its own.
 *
 * The first nbox knew range and machine alone, and refused all else but comments; its supervisors live on after an upgrade, and read
 * the file when their machine reboots. So what they need not know is written behind "#:", and read with it or without. */

#define ZONE_STATE_DIRECTORY "/var/lib/nbox/zones"
#define ZONE_LEASES_MAX 4096 /* a bridge holds 1,023 ports; the rest are machines that are off */
#define ZONE_UNKNOWN_MAX 64
#define VLAN_MAX 4094

typedef struct Lease {
        char machine[MACHINE_NAME_MAX + 1];
        unsigned nic;     /* 1: the machine's first interface in this zone, 2: its second … */
        uint32_t address; /* host byte order */
} Lease;

typedef struct ZoneState {
        char *name;
        Range range; /* prefix 0: none is chosen yet */
        Range6 range6; /* prefix 0: none is chosen yet, or none is wanted */
        bool routed6;  /* the world has a route to range6: its addresses are not translated */
        bool no_range6; /* the administrator wants none */
        bool created;
        bool isolated;
        bool closed;
        char uplink[IF_NAMESIZE]; /* "": none */
        unsigned vlan;            /* 0: the uplink itself */
        uint32_t service;         /* host byte order; 0: none is chosen yet */
        Lease *leases;            /* oldest first */
        size_t n_leases;
        char **unknown;           /* lines of a newer nbox; NULL: none */
} ZoneState;

ZoneState *zone_state_new(const char *zone); /* NULL on out of memory */
void zone_state_free(ZoneState *s);
DEFINE_CLEANUP(ZoneState *, zone_state_free);

/* No file is an empty state, and returns 0; else 1. A line that cannot be understood is an error with file and line. */
int zone_state_load(const char *zone, ZoneState **ret, Error **reterr);
int zone_state_save(const ZoneState *s, Error **reterr);

/* What a killed writer left; the network lock is held. */
void zone_state_sweep(void);

/* Forget the zone. No such file is 0. */
int zone_state_remove(const char *zone, Error **reterr);

/* The names of all zones that have a file, sorted; the caller's. */
int zone_state_list(char ***ret, Error **reterr);

/* The text of such a file, to and from: what load and save are made of. `text` is torn apart; `path` is for errors. */
int zone_state_parse(ZoneState *s, const char *path, char *text, Error **reterr);
char *zone_state_format(const ZoneState *s); /* NULL on out of memory */

/* The path of a zone's file, for errors. */
#define ZONE_STATE_PATH_MAX 64
void zone_state_path(const char *zone, char ret[ZONE_STATE_PATH_MAX]);
