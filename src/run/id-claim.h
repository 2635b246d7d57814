/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

typedef struct Supervisor Supervisor;

/* Holding a range of ids while a machine runs: the locks that systemd-nspawn 252 takes for a range that it picks (one for each 65,536 ids,
 * in LOCK_OF_IDS_DIRECTORY), so that it and we never pick the same. */
typedef struct IdClaim IdClaim;

/* Choose the machine's range where it picks one, write the first record, which says what is going to be locked, and lock it. What is kept
 * is written down. -EBUSY: no range is free. */
int ids_claim(Supervisor *s, Error **reterr);

/* Append the lock files of the plan's range. 0 or -ENOMEM. */
int ids_claim_files(const MachinePlan *p, char ***files);

/* Unlock; NULL is fine. Returns NULL. */
IdClaim *ids_release(IdClaim *claim);
