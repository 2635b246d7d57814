/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "error.h"
#include "machine-link.h"
#include "zone-name.h"
#include "zone-state.h"

/* Zones as they are, for people: what is kept for each, and what of it stands. Needs no root, takes no lock and changes nothing. */

#define ZONE_CLASH_MAX 96

typedef struct ZoneInfo {
        char name[ZONE_NAME_MAX + 1];
        ZoneState *state;            /* NULL: its file cannot be used, see `error` */
        Error *error;
        char bridge[IF_NAMESIZE];
        bool up;                     /* its bridge is there */
        MachineLink *machines;       /* interfaces of running machines in it */
        size_t n_machines;
        char clash[ZONE_CLASH_MAX];  /* what of the host one of its ranges meets ("the host's route to 10.1.0.0/16 on tun0"), or "" */
} ZoneInfo;

/* All zones, by name: those that have a file, those that are up, and the default one; with `only`, that one, which must be
 * known (-ENOENT). *ret is the caller's (zone_info_free()). */
int zone_info_read(const char *only, ZoneInfo **ret, size_t *ret_n, Error **reterr);
void zone_info_free(ZoneInfo *zones, size_t n);

/* What of the host meets a range of a zone, as above: 1, or 0 for nothing; 0 too where there is no such zone. */
int zone_clash(const char *zone, char ret[ZONE_CLASH_MAX], Error **reterr);

/* Before a machine is started in these: say of which zone that is up the range meets something of the host's that came later. (Of one
 * that is down, its start says it: an error.) */
void zone_warn_of_clashes(const NicList *nics);

/* "isolated,closed,uplink=eth1,vlan=12"; the caller's, NULL on out of memory. */
char *zone_options(const ZoneState *s);
