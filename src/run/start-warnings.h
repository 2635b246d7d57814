/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "machine-plan.h"

/* What of a start its user had better know, and what keeps nobody from starting: said once, before anything is made. */
void start_warn(const MachineConfig *c, const MachinePlan *p);
