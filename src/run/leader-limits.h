/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-plan.h"

/* The resource limits, score and CPUs of a machine's first process. They are given to it from outside, before it goes on: raising a
 * hard limit takes a capability over the host that it does not have. Without that capability nbox itself may not so much as lower
 * another user's limits, which root inside is: what is left the process does by itself. */

#define BIRTH_LIMITS 4

typedef struct BirthLimits {
        struct rlimit own[BIRTH_LIMITS];
        bool changed[BIRTH_LIMITS];
} BirthLimits;

/* Some limits are counted for a user namespace as a whole, too, and the kernel takes what its maker has at that moment for the
 * most that it may ever use (user_namespaces(7), create_user_ns()). So the maker has the machine's for a moment. tasks: how many processes
 * and threads where nothing else was asked for; 0: no bound. */
void limits_before_birth(const MachinePlan *p, uint64_t tasks, BirthLimits *ret);
void limits_after_birth(const BirthLimits *b);

/* Limits, as far as they can be had; the rest fails where it was asked for and cannot. */
int limits_hand_over(const MachinePlan *p, pid_t leader, Error **reterr);

/* By the process itself, of what limits_hand_over() could not: fails where a limit was asked for that cannot be had. */
int limits_settle(const MachinePlan *p, Error **reterr);
