/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/* For a process of our own that handles what strangers made: no user, no group, no capability, no way to any of them, killed when
 * `parent` ends, and not to be traced but by root. Who is not root keeps its ids. Returns 0 or -errno; -ESRCH: the parent has ended. */

#define NOBODY_ID 65534

int become_nobody(pid_t parent);
