/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "child.h"
#include "task-label.h"

/* The last steps: stdio, limits, signals, filter, capabilities, ids, exec. Returns only on failure, -errno; *ret_executing: it
 * was the exec itself that failed. `labels` is what a stub init takes, which executes nothing. */
int child_exec(const ChildSetup *s, const TaskLabelFiles *labels, bool *ret_executing, Error **reterr);
