/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* For a process of our own that handles what strangers made: no user, no group, no capability, no way to any of them, killed when
 * `parent` ends, and not to be traced but by root. Who is not root keeps its ids. Returns 0 or -errno; -ESRCH: the parent has ended. */

#define NOBODY_ID 65534

int become_nobody(pid_t parent);

/* What such a process may take at most, of memory, time, files: hard limits of setrlimit(2); one that is lower already stays. 0 or -errno. */
typedef struct ProcessBound {
        __rlimit_resource_t resource;
        rlim_t limit;
} ProcessBound;

int bound_process(const ProcessBound *bounds, size_t n);
