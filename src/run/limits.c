/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Limits that hold without asking. What a guest can make without end, something must bound, or it is the whole host's:
 *
 * TasksMax=: processes are the host's as well, by number (kernel.pid_max, kernel.threads-max), from which root is not exempt. 16384 is what
 * systemd gives its own containers; a host can have fewer than that itself, so a share of what it can have, too. A process can hold on to
 * three numbers: its own, and those of a session and a group whose leaders have died; so 16384 sleepers use up a pid_max of 32768.
 *
 * MemoryMax=: anonymous memory, page cache, tmpfs and memfd, pipes, sockets, and what the kernel keeps for processes, mounts, file handles,
 * watches and the like all count in it. Without one, the host's own OOM killer has to find the guilty one. MemorySwapMax=: a guest that
 * fills the swap makes all wait for the disk. No MemoryHigh=: what runs into it is slowed down, not ended, and a slow bomb helps nobody.
 * More than one machine can take what one may: therefore the OOM score, by which the kernel ends what is in a machine before what is the
 * host's. It is written by whoever has CAP_SYS_RESOURCE over the host, below which nobody inside can lower it (proc_pid_oom_score_adj(5)).
 *
 * cgroup.max.*: each group costs memory that partly counts nowhere, and time of all who walk through them, systemd on the host for one.
 * These files are not among those that are handed over with the group.
 *
 * CPU and I/O need none: a delegated scope switches these controllers on, and machine.slice then weighs as much as system.slice,
 * whatever runs in it. */

#include "limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "parse.h"
#include "resources.h"
#include "strv.h"
#include "text.h"

#define NUMBERS_EACH 3

static const struct {
        Resource resource;
        const char *value;
} shares[] = {
        { RESOURCE_MEMORY, "75%" },
        { RESOURCE_SWAP, "25%" },
};

const char *limit_by_default(Resource r, char buf[LIMIT_TEXT_MAX]) {
        if (r == RESOURCE_TASKS) {
                snprintf(buf, LIMIT_TEXT_MAX, "%llu", (unsigned long long) limits_tasks());
                return buf;
        }
        for (size_t i = 0; i < ELEMENTSOF(shares); i++)
                if (shares[i].resource == r)
                        return shares[i].value;
        return NULL;
}

static uint64_t lower(const char *sysctl, unsigned parts, uint64_t n) {
        _cleanup_free_ char *text = NULL;
        uint64_t max;

        if (file_read(AT_FDCWD, sysctl, 64, &text) < 0)
                return n;
        text[strcspn(text, "\n")] = 0;
        return parse_u64(text, UINT64_MAX, &max) < 0 || max / parts > n ? n : max / parts;
}

uint64_t limits_tasks(void) {
        return lower("/proc/sys/kernel/threads-max", LIMIT_TASKS_SHARE,
                     lower("/proc/sys/kernel/pid_max", LIMIT_TASKS_SHARE * NUMBERS_EACH, LIMIT_TASKS));
}

/* systemd-machined has a TasksMax= of its own, which has to be taken away. */
int limits_properties(const MachinePlan *p, bool own_slice, char ***scope, char ***slice) {
        bool on_slice = own_slice && p->resources[RESOURCE_OOM_POLICY];
        int r = 0;

        if (!p->resources[RESOURCE_TASKS])
                r = strv_appendf(scope, "TasksMax=%llu", (unsigned long long) p->tasks);
        else if (own_slice)
                r = strv_append(scope, "TasksMax=infinity");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(shares); i++)
                if (!p->resources[shares[i].resource])
                        r = strv_appendf(on_slice ? slice : scope, "%s=%s", resource_option(shares[i].resource)->key, shares[i].value);
        return r;
}

static int write_number(int cgroup, const char *file, unsigned n, Error **reterr) {
        char text[16];
        int r;

        snprintf(text, sizeof(text), "%u", n);
        r = file_write(cgroup, file, text);
        return r < 0 ? error_errno(reterr, r, "Cannot write %u to %s of the machine's cgroup", n, file) : 0;
}

int limits_set_cgroup(int cgroup, Error **reterr) {
        int r = write_number(cgroup, "cgroup.max.descendants", LIMIT_CGROUPS, reterr);

        return r < 0 ? r : write_number(cgroup, "cgroup.max.depth", LIMIT_CGROUP_DEPTH, reterr);
}
