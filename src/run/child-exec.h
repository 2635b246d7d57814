/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "child.h"

/* The last steps: stdio, limits, signals, filter, capabilities, ids, exec. Returns only on failure, -errno; *ret_executing: it
 * was the exec itself that failed. */
int child_exec(const ChildSetup *s, bool *ret_executing, Error **reterr);
