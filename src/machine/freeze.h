/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* A machine held still, so that what is read of its files is of one moment. None of its processes runs meanwhile, not even its init, and
 * one that nobody thaws again is lost; so who holds it is not who undoes it: its supervisor thaws it as soon as the connection to whoever
 * asked for it ends, however that came about, and when he is silent for FREEZE_SILENCE_USEC. Where it is the supervisor that ends, we thaw
 * it, and the next sweep ends a machine without a supervisor anyway. */

#define FREEZE_SILENCE_USEC (30 * UINT64_C(1000000))

typedef struct MachineFreeze MachineFreeze;

/* All its processes stand still when it returns; where they did before (freezer.h), they do afterwards, too. -EBUSY: somebody else holds it; -ETIMEDOUT: it cannot be held, for a process of its own
 * waits in the kernel. */
int machine_freeze(const char *machine, MachineFreeze **ret, Error **reterr);

/* Say that we are still there: for loops, costs nothing when it is called too often. -ETIMEDOUT: it was thawed before, as in
 * machine_thaw(). */
int machine_freeze_keep(MachineFreeze *f);

/* Let it go on. -ETIMEDOUT: it went on before, so that what was read since it was frozen is not of one moment. */
int machine_thaw(MachineFreeze *f, Error **reterr);

/* Thaws what is still frozen. NULL is fine. */
void machine_freeze_free(MachineFreeze *f);
DEFINE_CLEANUP(MachineFreeze *, machine_freeze_free);
