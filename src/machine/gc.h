/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"
#include "record.h"

/* Taking away what a machine has left whose supervisor died. All of it is idempotent, and safe beside machines that
 * start at the same time: nothing is touched but under the lock on the machine's name. */

/* What a dead supervisor left under a name that the caller has claimed (record_claim()): 0 also when there is nothing. What cannot
 * be taken away is warned about, and the rest goes on. < 0: a later one may well be able to, and needs the record for it. Else
 * that stays for the caller to remove, or to replace by his own: a machine that reboots is never without one. */
int gc_sweep_claimed(const char *name);

/* Zones' services that run for no machine any more, and that nobody else wants: systemd is asked to stop them (scope_stop_unwanted()),
 * and they clear their zones away. Nothing is waited for. A NULL bus: one is opened where there is something to stop. */
void gc_stop_idle_services(sd_bus *bus);

/* All records that nobody holds; then the network's rules and bridges that no record speaks of, when `thorough` or
 * something was found. *ret_swept (may be NULL): how many. */
int gc_run(bool thorough, unsigned *ret_swept, Error **reterr);
