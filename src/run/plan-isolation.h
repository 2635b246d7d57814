/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-plan.h"

/* What the machine's processes may do, and how much: capabilities, limits, scores. The plan's network and user namespace
 * are decided before. */
int plan_isolation(MachinePlan *p, const MachineConfig *c, Error **reterr);
