/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "record.h"

/* A machine as it really is: its record, checked against the kernel. */

typedef struct Machine {
        MachineRecord *record;
        int leader_fd;      /* pidfd of init, checked by start time; -1 unless BOOTING, RUNNING, STOPPING (or late STARTING) */
        MachineState state; /* as it is now, where the record says how it was */
} Machine;

/* The state in a word for people: "frozen" where it is, for then it does nothing else; "waiting" while others start before it; "unhealthy" of one
 * that runs and is. */
const char *machine_state_shown(const Machine *m);

void machine_free(Machine *m);
DEFINE_CLEANUP(Machine *, machine_free);

/* A machine whose init lives. -ESRCH with a hint when there is none of that name, -EAGAIN when it is still starting. */
int machine_open(const char *name, Machine **ret, Error **reterr);

/* The same, but a machine that has no init just now since it starts or reboots is waited for as long as timeout_usec; one that waits
 * itself, for others that start before it, is not. */
int machine_open_wait(const char *name, uint64_t timeout_usec, Machine **ret, Error **reterr);

/* The same for who goes in and no more: its record has nothing of what was changed by hand since it was started (ports, interfaces, devices, binds). */
int machine_open_to_enter(const char *name, uint64_t timeout_usec, Machine **ret, Error **reterr);

#define MACHINE_OPEN_WAIT_USEC (20 * UINT64_C(1000000)) /* for a verb that wants to go in */

/* A machine that lives, its init or not: leader_fd is -1 between two lives. What has ended a moment ago is waited for, since it may
 * be about to reboot. -ESRCH with a hint when there is none of that name. */
int machine_find(const char *name, Machine **ret, Error **reterr);

/* All machines with a record that can be read, by name; dead ones too; without what devices and binds were changed since. The caller's (machine_list_free()). */
int machine_list(Machine ***ret, size_t *ret_n, Error **reterr);
void machine_list_free(Machine **machines, size_t n);

/* Wait for the end of init and, when nbox supervises it, until its supervisor has cleared up; where there is no init (machine_find()),
 * until nobody holds the name. timeout_usec may be UINT64_MAX. 0, or -ETIMEDOUT with an Error. */
int machine_wait(const Machine *m, uint64_t timeout_usec, Error **reterr);
