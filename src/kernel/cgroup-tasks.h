/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* For groups without the controllers that count: threads, and the memory of processes, by asking for each. Groups below are root's inside, who
 * can make thousands of them: it is bounded, and what is beyond is unknown. No path of the guest's is followed but directories of cgroupfs. */

#define CGROUP_TASKS_GROUPS_MAX 1024
#define CGROUP_TASKS_PROCESSES_MAX 4096

typedef struct CgroupTasks {
        uint64_t threads;   /* FIGURE_UNKNOWN: too many groups */
        uint64_t anonymous; /* bytes of memory that are no file's, of all processes in and below; what two share since a fork counts twice.
                             * FIGURE_UNKNOWN: too many groups or processes */
} CgroupTasks;

/* 0 or -errno. */
int cgroup_tasks(int group, CgroupTasks *ret);
