/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "api-guard.h"
#include "error.h"
#include "lxcfs.h"
#include "machine-plan.h"

/* What the child mounts in its own tree: the file systems that must belong to its namespaces. Called with the tree
 * as root. A target that the tree makes a link of is resolved inside the tree, which is all there is by now. */

/* What came for /proc and /sys; -1: it is in the tree. */
typedef struct ChildApiFds {
        int fds[2]; /* proc, sysfs */
        int sys_fs;   /* what api_guard() takes */
        bool guarded; /* by api_guard_ahead() */
        ApiLeft left;
} ChildApiFds;

/* mqueue and devpts. */
int child_mount_own(const MachinePlan *p, Error **reterr);

/* Those, and what guards /proc and /sys. */
int child_mount_api(const MachinePlan *p, const ChildApiFds *api, LxcfsFiles *lxcfs, Error **reterr);

/* A cgroup namespace whose root is the group that we are in now, and its cgroup2 on /sys/fs/cgroup. */
int child_mount_cgroup(Error **reterr);

/* Make /dev/NAME a second place of pts/N. */
int child_place_tty(int pts, unsigned number, const char *name);
