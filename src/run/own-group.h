/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Where no systemd makes a scope: the group that we make for the machine, so that all of the guest can be found and killed, and limits put
 * on it. See own-group.c. */

typedef struct MachinePlan MachinePlan;
typedef struct Supervisor Supervisor;

/* What of the plan's limits the kernel does not have there: it is refused where the command line has it, and else left out with a warning. */
int own_group_check(MachinePlan *p, Error **reterr);

/* Its path: sets cgroup and cgroup_owned. What of the limits cannot be had there, for a group above is not made for it, is treated likewise.
 * Nothing where systemd runs. */
int own_group_choose(Supervisor *s, Error **reterr);

/* Once it is made: the plan's limits. */
int own_group_limit(Supervisor *s, Error **reterr);
