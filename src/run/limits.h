/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "machine-plan.h"

/* What a machine may take of its host when nobody has said anything: see limits.c for what each is against. The manual page's section
 * LIMITS has the same figures; tests/host/loads.sh compares it with what a machine gets. */

#define LIMIT_TASKS 16384U
#define LIMIT_TASKS_SHARE 3 /* at most this part of what the host can have */
#define LIMIT_CGROUPS 4096U
#define LIMIT_CGROUP_DEPTH 64U

/* Mount options. What the tmpfs hold together is below MemoryMax=, so that a full one is an ENOSPC and no dead process. */
#define LIMIT_DEVPTS "max=1024"
#define LIMIT_RUN "size=20%,nr_inodes=800k"
#define LIMIT_TMP "size=20%,nr_inodes=1M"
#define LIMIT_VAR "size=10%,nr_inodes=1M" /* of --volatile=state; as systemd-nspawn(1) has it */
#define LIMIT_SHM "size=20%,nr_inodes=400k"

/* Of init, and so of all that runs inside; out of 1000. */
#define LIMIT_OOM_SCORE_ADJUST "200"

/* Append what holds without asking, but for what p->resources says itself, to the properties of the scope, or of its slice. 0 or -ENOMEM. */
int limits_properties(const MachinePlan *p, bool own_slice, char ***scope, char ***slice);

/* As systemd writes it; NULL where there is none by default. In buf, or static. */
#define LIMIT_TEXT_MAX 24
const char *limit_by_default(Resource r, char buf[LIMIT_TEXT_MAX]);

/* How many processes and threads: LIMIT_TASKS, or less on a small host. */
uint64_t limits_tasks(void);

/* On the machine's own cgroup, by an fd of it, in files that are not the machine's. */
int limits_set_cgroup(int cgroup, Error **reterr);
