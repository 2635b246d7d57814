/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "identity.h"

/* Ranges of user ids for machines: which are somebody's, and which are free. Within what systemd reserves for containers (systemd's
 * UIDS-GIDS: 524288 to 1879048191), in slots of 65,536. Inside a machine of nbox, where ids end earlier, from 65536 on. */

#define IDRANGE_SIZE 65536U
#define IDRANGE_NESTING (64 * IDRANGE_SIZE) /* room for the ranges that useradd(8) gives from 100000 on, and for machines inside */
#define IDRANGE_NESTING_LEAST (4 * IDRANGE_SIZE)

/* Ranges of ids, in no order. */
typedef struct UidRanges {
        UidRange *items;
        size_t n;
} UidRanges;

void idranges_done(UidRanges *r);
int idranges_add(UidRanges *r, UidRange one); /* 0 or -ENOMEM; an empty one is not added */

/* Whose ids a machine may not have. */
typedef enum UidOthers {
        OTHERS_LIVING = 1 << 0, /* users and groups of the host, their subordinate ids (/etc/passwd, group, subuid, subgid), and processes
                                 * of other programs' machines (systemd-machined's) */
        OTHERS_KEPT = 1 << 1,   /* other machines of ours that keep their ids, and those that run with such as no lock of a slot tells of */
        OTHERS_TREES = 1 << 2,  /* trees in /var/lib/machines */
        OTHERS_TREES_LATELY = 1 << 3, /* the same, as whoever asked for this a few seconds ago has seen them */
} UidOthers;

/* Those of all but `machine` and its tree `root` (an fd, or -1), appended. Only the first are looked at each time. 0 or -ENOMEM. */
int idranges_of_others(const char *machine, int root, unsigned which, UidRanges *ret);

/* The trees' alone. */
int idranges_of_trees(int root, bool lately, UidRanges *taken);

/* Whether a machine that runs, ours or systemd-nspawn's, has the lock of a slot of it. */
bool idrange_is_locked(UidRange range);

/* The machine and the range in the name of a file in LOCK_OF_ODD_IDS_DIRECTORY; *ret_name is how long the machine's name at its begin is. */
bool idrange_of_odd_lock(const char *name, size_t *ret_name, UidRange *ret);

/* The ids that there are for us: all 4,294,967,295, or what our own user namespace maps of users and groups alike. */
int idranges_of_ours(UidRanges *ret);

/* Whether all of r is free, and ours. */
bool idrange_is_free(UidRange r, const UidRanges *ours, const UidRanges *taken);

/* A free one of `count` ids, a multiple of IDRANGE_SIZE, by the machine's name, so that it is mostly the same on each host. What is to be
 * `kept` is chosen apart from what is not, so that a passing machine never has what a kept one comes back for. -EBUSY: there is none. */
int idrange_pick(const char *machine, uint32_t count, bool kept, const UidRanges *ours, const UidRanges *taken, UidRange *ret,
                 Error **reterr);

/* Whether the host's name services (nsswitch.conf(5)) know a user or group at either end of it: asked once, for some are remote. */
bool idrange_has_names(UidRange r);
