/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* --overlay=: a detached mount of the step's directories; `root` is the machine's root mount. */
int assemble_overlay(const MachinePlan *p, const MountStep *step, int root, Error **reterr);

/* Remove what overlayfs had beside the directories that were written to. The machine is gone. */
void assemble_overlay_clean(const MachinePlan *p);
