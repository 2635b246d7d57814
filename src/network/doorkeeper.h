/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "doors.h"
#include "nft-rules.h"

/* What doors.c and the kinds of rulesets (doors-nft.c, doors-legacy.c, doors-firewalld.c) share. */

/* What was seen at the one look: all chains of nftables. */
typedef struct DoorView {
        Netlink *nl;
        NftChain *chains;
        size_t n_chains;
} DoorView;

/* Whom it is for. */
typedef struct DoorRequest {
        const DoorZone *zones;
        size_t n;
        bool open;    /* and not just look */
        DoorList *to; /* a door is added here for each zone and chain that may stop it */
} DoorRequest;

/* A new item of the list, its zone and state set; NULL on out of memory. */
Door *door_list_add(DoorList *l, const char *zone, DoorState state);

/* Which zones are to lose their accepts. */
typedef struct DoorsGone {
        const char *zone;             /* this one, or NULL */
        const FirewallOracle *oracle; /* those that it says are not alive, or NULL */
} DoorsGone;

/* Whether a rule with this tag, or the zone of this name, is to go. */
bool door_tag_is_gone(const char *tag, const DoorsGone *gone);
bool door_zone_is_gone(const char *zone, const DoorsGone *gone);

/* A kind of ruleset. Each looks first whether it is there at all, as cheaply as can be. */
typedef struct Doorkeeper {
        int (*look)(const DoorView *view, const DoorRequest *req, Error **reterr);
        int (*close)(const DoorView *view, const DoorsGone *gone, Error **reterr);
} Doorkeeper;

extern const Doorkeeper doors_nft, doors_legacy, doors_firewalld;

/* Whether a chain is in a table of firewalld's: whoever else looks leaves it to firewalld. */
bool is_of_firewalld(const NftChain *chain);
