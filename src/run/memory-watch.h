/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cgroup-memory.h"
#include "event-loop.h"
#include "machine-end.h"
#include "oom.h"

/* Watches for processes of the machine that the kernel has killed for want of memory: each is counted in the record, and told in the log of
 * whoever started the machine and as an event. See memory-watch.c. */

typedef struct Supervisor Supervisor;

typedef struct MemoryWatch {
        EventSource *source, *rest, *tell; /* NULL: there is nothing to watch; and they are not waited for */
        int events;                  /* memory.events of the guest's group, the source's own */
        CgroupMemoryEvents seen;     /* there */
        char *own;                   /* the machine's own group, where that is another (oom.h); or NULL */
        uint64_t own_limit, limit;   /* how often its limit was reached, and that of the guest's group */
        OomCause cause;              /* of the last kill */
        uint64_t killed_usec;        /* of the last kill: CLOCK_MONOTONIC, when it was seen */
        unsigned untold;             /* processes that nothing was said of yet */
        uint64_t told_usec, pause_usec; /* CLOCK_MONOTONIC; how long after it nothing is said */
        bool stopping;               /* the machine is powered off for it */
} MemoryWatch;

/* From when the guest's group is settled. Nothing where the host counts no memory. */
void memory_watch_begin(Supervisor *s);

/* Whatever has not been told is. */
void memory_watch_end(Supervisor *s);

/* The machine's init has been killed, or has ended in the power-off that we have asked for: whether that was for want of memory. Sets *end. */
bool memory_watch_judge(Supervisor *s, MachineEnd *end);
