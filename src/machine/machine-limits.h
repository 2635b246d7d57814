/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine.h"

/* What counts of a resource (config/resources.h) for a machine that runs, as the kernel has it: the least of what is set on its group and on all groups
 * above. */

/* In systemd's words and whole units: "419430400", "150%", "0-1", "/dev/vda:10000000", "infinity"; NULL where the kernel cannot tell (no
 * controller). The caller's; 0 or -ENOMEM. `own`: the group that its weights are of, oom_own_group(). */
int machine_limit_effective(const Machine *m, const char *own, Resource r, char **ret);

/* How much of it is used, or UINT64_MAX: of memory and swap bytes, of tasks their number. */
uint64_t machine_limit_used(const Machine *m, Resource r);
