/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* What a machine's first process is given when nothing else was asked for, by number of setrlimit(2). The caller's own limits
 * are those of some shell or service, and would make the same machine another one each time. Never fails: what cannot be
 * read of the host is the caller's. */
void limits_default(struct rlimit ret[RLIM_NLIMITS]);

/* Give a process a limit. Returns 0, or -EPERM where raising it takes CAP_SYS_RESOURCE that we lack: it is then as near
 * to it as we may. Other -errno: nothing was changed. */
int limits_give(pid_t pid, int resource, const struct rlimit *limit);

/* Whether we may at all: for a process in a user namespace that is not our user's, it takes CAP_SYS_RESOURCE even to look at them. */
bool limits_may_give(pid_t pid);
