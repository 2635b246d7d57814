/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the memory controller of a group says of want of memory, and what is to be done then (Linux's cgroup-v2.rst, "Memory Interface
 * Files"). Paths are as in cgroup.h. Without that controller the files are not there: -ENOENT. */

typedef struct CgroupMemoryEvents {
        uint64_t oom;      /* the limit was reached, and nothing could be given back */
        uint64_t oom_kill; /* processes that were killed, for that or because the whole host had none left */
} CgroupMemoryEvents;

/* memory.events: in and below the group. The fd polls as POLLPRI from each change until it is read; what is reclaimed at a limit counts
 * as a change, too, so who polls must expect many. */
int cgroup_memory_events_open(const char *path);
int cgroup_memory_events_read(int events, CgroupMemoryEvents *ret);

/* memory.events.local: `oom` for the limit of this very group, whoever below ran into it. Zeros where it cannot be told. */
void cgroup_memory_events_local(const char *path, CgroupMemoryEvents *ret);

/* Its memory.max in bytes; UINT64_MAX: it has none, or it cannot be told. */
uint64_t cgroup_memory_max(const char *path);

/* memory.oom.group: who is killed in or below the group for a limit of it, or of one above, takes all others there with him. It belongs to
 * root from then on, also where the group was handed over (cgroup_delegate()). */
int cgroup_set_kill_together(const char *path, bool together);
int cgroup_kills_together(const char *path); /* 1, 0, or -errno */

/* A word that stays with a group for as long as there is one, and that nobody below it gets at: an extended attribute trusted.NAME. NULL
 * takes it away. */
int cgroup_set_mark(const char *path, const char *name, const char *word);

/* *ret is the caller's, NULL where there is none. */
int cgroup_mark(const char *path, const char *name, char **ret);
