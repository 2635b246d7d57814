/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schedule.h"

#include <sys/syscall.h>
#include <unistd.h>

#define IO_PRIORITY_OF_PROCESS 1 /* IOPRIO_WHO_PROCESS */

void schedule_read(pid_t pid, Schedule *ret) {
        *ret = (Schedule){ .io_priority = -1 };
        ret->is_known = syscall(SYS_sched_getattr, pid, &ret->attr, sizeof(ret->attr), 0) >= 0;
        ret->io_priority = (int) syscall(SYS_ioprio_get, IO_PRIORITY_OF_PROCESS, pid);
}

void schedule_take(const Schedule *s) {
        if (s->is_known)
                (void) syscall(SYS_sched_setattr, 0, &s->attr, 0);
        if (s->io_priority >= 0)
                (void) syscall(SYS_ioprio_set, IO_PRIORITY_OF_PROCESS, 0, s->io_priority);
}
