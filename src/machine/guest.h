/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "error.h"
#include "schedule.h"

/* What a machine's init has been given, read from its /proc directory on the host: what runs beside it later gets the
 * same, no more. All files are opened beneath one fd of /proc/PID, which stays with this process even when its pid is given to another. */

typedef struct IdRange {
        uint32_t inside, outside, count;
} IdRange;

#define GUEST_ID_RANGES_MAX 32

typedef struct Guest {
        const char *name;        /* of the machine, for messages; not owned */
        int leader_fd;           /* pidfd; not owned */
        int proc;                /* O_DIRECTORY of /proc/PID */
        int root;                /* O_PATH of its root directory */
        uint64_t namespaces;     /* CLONE_NEW*: those that are not ours, and such as a machine always has */
        bool assumed;            /* some of them were not compared with ours */
        IdRange uids[GUEST_ID_RANGES_MAX];
        size_t n_uids;
        uint64_t cap_bounding;
        bool no_new_privileges;
        bool filtered;           /* init has a system call filter */
        struct sock_filter *filter; /* that is not the one that every machine has; or NULL */
        size_t n_filter;
        char oom_score_adj[16];
        struct rlimit limits[RLIM_NLIMITS];
        Schedule schedule;
        bool has_cpus;           /* init may not run on all CPUs that we may run on */
        cpu_set_t cpus;
        bool is_32bit;           /* its personality */
        char *container;         /* "container=…" of its environment, or NULL */
        char *container_uuid;    /* "container_uuid=…", or NULL */
} Guest;

void guest_done(Guest *g);

/* leader_fd is checked after /proc/PID was opened, so that both are the same process. -ESRCH when it has ended. */
int guest_open(Guest *g, const char *name, pid_t leader, int leader_fd, Error **reterr);

/* The same for a machine that, as its record has it, has its own of each kind of `own` (CLONE_NEW*): these are not compared with ours, which takes
 * as long as all the rest. Where that is not so (setns(2) fails with EPERM or EINVAL), guest_compare_namespaces() tells. */
int guest_open_own(Guest *g, const char *name, pid_t leader, int leader_fd, uint64_t own, Error **reterr);
int guest_compare_namespaces(Guest *g, Error **reterr);

/* fd of the cgroup that init is in just now: a leaf, which the kernel lets processes into. -ENOENT where the host has
 * no unified hierarchy or init's is outside of what we see. */
int guest_open_cgroup(const Guest *g);

/* The host's id for one inside; (uint32_t) -1 where it is not mapped. */
uint32_t guest_map_uid(const Guest *g, uid_t inside);
uint32_t guest_map_gid(const Guest *g, gid_t inside);
uint32_t guest_map_id(const IdRange *ranges, size_t n, uint32_t inside);

/* "inside outside count" lines of uid_map; for tests too. Returns how many, or -errno. */
int guest_parse_id_map(const char *text, IdRange *ranges, size_t max);
