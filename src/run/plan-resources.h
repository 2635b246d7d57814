/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "machine-plan.h"

/* What a machine may take of its host: resources.h, made into properties of units.
 *
 * They go on the slice where that is the machine's own: there its weights count against other machines', and what an administrator gives the
 * slice counts beside them. A slice of the user's own (--slice=) is others', too: then they go on the scope. */

/* p->resources, p->resources_from; checked against the host. The slice and the tree are planned. */
int plan_resources(MachinePlan *p, const MachineConfig *c, Error **reterr);

/* Once the name is taken: with what was set in an earlier life of the same machine, if it has lived. dir: of its record, in which it is written
 * down what it is given, if anything. */
int plan_take_resources(MachinePlan *p, int dir, bool lived, Error **reterr);

/* Make p->slice_properties and p->scope_properties of all that. */
int plan_settle_resources(MachinePlan *p, Error **reterr);

/* Whether each device of the text is one, as seen from here; `tree` is where the machine's tree is. */
int resource_check_devices(Resource resource, const char *text, const char *tree, Error **reterr);

bool plan_has_own_slice(const MachinePlan *p);
