/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "child.h"
#include "task-label.h"

/* Signals, keyring, capabilities and filter: what keeps the machine in, and hinders nothing that is to be done until the exec. */
int child_confine(const MachinePlan *p, Error **reterr);

/* The last steps: stdio, limits, ids, exec; and the filter, where it was made for this machine. Returns only on failure, -errno; *ret_executing: it
 * was the exec itself that failed. `labels` is what a stub init takes, which executes nothing. */
int child_exec(const ChildSetup *s, const TaskLabelFiles *labels, bool *ret_executing, Error **reterr);
