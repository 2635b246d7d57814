/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "live-resources.h"
#include "machine.h"

/* `nbox set` on a machine that runs: its slice, or its scope where the slice is not its own, takes the new values at once, all or none. */

typedef struct LimitChange {
        char *texts[RESOURCES];   /* checked; "" takes it back to what is below, NULL leaves it as it is */
        bool runtime;             /* until the machine ends */
        const MachineConfig *now; /* what the settings say, with what is kept in them */
} LimitChange;

typedef struct LiveLimits LiveLimits;

/* Put them there. On success the caller either keeps it (live_limits_free()), or has it undone; *ret stays NULL where the machine has ended
 * meanwhile, which is an error (-ESRCH) only for what is not to be kept. */
int live_limits_set(const Machine *m, const LimitChange *change, LiveLimits **ret, Error **reterr);
void live_limits_undo(LiveLimits *l);
void live_limits_free(LiveLimits *l);
DEFINE_CLEANUP(LiveLimits *, live_limits_free);

/* Whether the host's kernel has what it takes to hold it: a file of the machine's group. */
bool live_limit_is_held(const Machine *m, Resource r);
