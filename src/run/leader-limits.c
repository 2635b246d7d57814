/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leader-limits.h"

#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "limit-text.h"
#include "rlimits.h"

static const int of_the_namespace[BIRTH_LIMITS] = { RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING, RLIMIT_NPROC };

/* NPROC is so counted where the maker's real user is the machine's (clone_as()); what a process inside has as its own is each user's. */
static rlim_t of_all(const MachinePlan *p, int resource, uint64_t tasks) {
        if (resource != RLIMIT_NPROC || p->limits_asked & (1U << resource))
                return p->limits[resource].rlim_max;
        return tasks > 0 ? tasks : RLIM_INFINITY;
}

void limits_before_birth(const MachinePlan *p, uint64_t tasks, BirthLimits *ret) {
        *ret = (BirthLimits){};
        for (size_t i = 0; p->userns && i < BIRTH_LIMITS; i++) {
                enum __rlimit_resource what = (enum __rlimit_resource) of_the_namespace[i];
                struct rlimit want = { .rlim_cur = of_all(p, of_the_namespace[i], tasks) };

                if (getrlimit(what, &ret->own[i]) < 0 || ret->own[i].rlim_cur == want.rlim_cur)
                        continue;
                want.rlim_max = want.rlim_cur > ret->own[i].rlim_max ? want.rlim_cur : ret->own[i].rlim_max;
                ret->changed[i] = limits_give(0, what, &want) >= 0;
        }
}

void limits_after_birth(const BirthLimits *b) {
        for (size_t i = 0; i < BIRTH_LIMITS; i++)
                if (b->changed[i])
                        (void) limits_give(0, of_the_namespace[i], &b->own[i]);
}

static int settle(const MachinePlan *p, int resource, Error **reterr) {
        const char *name = enum_to_string(limit_names, resource);
        struct rlimit has;
        int r;

        if (getrlimit((enum __rlimit_resource) resource, &has) < 0)
                return error_errno(reterr, errno, "Cannot read %s", name);
        if (has.rlim_cur == p->limits[resource].rlim_cur && has.rlim_max == p->limits[resource].rlim_max)
                return 0;
        r = limits_give(0, resource, &p->limits[resource]);
        if (r >= 0 || !(p->limits_asked & (1U << resource)))
                return 0;
        error_errno(reterr, r, "Cannot set %s", name);
        return r == -EPERM ? error_hint(reterr, r, "nbox itself has a lower hard limit, and lacks CAP_SYS_RESOURCE to raise it.") : r;
}

int limits_settle(const MachinePlan *p, Error **reterr) {
        int r = 0;

        for (int i = 0; i < RLIM_NLIMITS && r >= 0; i++)
                r = settle(p, i, reterr);
        return r;
}

static int give_cpus(const MachinePlan *p, pid_t leader, Error **reterr) {
        cpu_set_t set;
        int r;

        if (!p->cpu_affinity)
                return 0;
        r = cpu_list_parse(p->cpu_affinity, &set);
        if (r >= 0 && sched_setaffinity(leader, sizeof(set), &set) < 0)
                r = -errno;
        if (r == -EINVAL)
                return error_set(reterr, r, "This host has none of the CPUs %s", p->cpu_affinity);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the machine on the CPUs %s", p->cpu_affinity) : 0;
}

static int give_oom_score(const MachinePlan *p, pid_t leader, Error **reterr) {
        char path[48];
        int r;

        snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int) leader);
        r = file_write(AT_FDCWD, path, p->oom_score_adjust);
        if (r == -EACCES && !p->oom_score_asked)
                return 0; /* ours is higher, and may not be lowered: it is ended the sooner */
        if (r == -EACCES) {
                error_set(reterr, r, "Cannot make the machine's OOM score adjustment %s", p->oom_score_adjust);
                return error_hint(reterr, r, "Going below nbox's own takes CAP_SYS_RESOURCE, which it lacks here.");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot make the machine's OOM score adjustment %s", p->oom_score_adjust) : 0;
}

int limits_hand_over(const MachinePlan *p, pid_t leader, Error **reterr) {
        int r;

        if (limits_may_give(leader)) /* else it has those that it can give itself (limits_settle()) */
                for (int i = 0; i < RLIM_NLIMITS; i++)
                        (void) limits_give(leader, i, &p->limits[i]);
        r = give_cpus(p, leader, reterr);
        return r < 0 ? r : give_oom_score(p, leader, reterr);
}
