/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How a process gets the processor and the disks: its policy, nice value and priorities (sched(7), ioprio_set(2)). They are inherited, also
 * across namespaces. */

/* sched_attr of <linux/sched/types.h>, as it was first (Linux 3.14); that header and <sched.h> exclude each other. */
typedef struct Schedule {
        struct {
                uint32_t size, policy;
                uint64_t flags;
                int32_t nice;
                uint32_t priority;
                uint64_t runtime, deadline, period;
        } attr;
        int io_priority; /* -1: not known */
        bool is_known;   /* attr */
} Schedule;

void schedule_read(pid_t pid, Schedule *ret);

/* Take it over, as far as we may. */
void schedule_take(const Schedule *s);
