/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlimits.h"

#include <errno.h>
#include <stddef.h>

#define MEBIBYTE (1024 * 1024)

/* What the kernel gives to the first process of a host (INIT_RLIMITS of its asm-generic/resource.h, with the MEMLOCK of Linux
 * 5.16), but NOFILE: its hard limit of 4096 is one that a host's service manager raises, and that nobody inside a user namespace can. */
static const struct rlimit defaults[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_FSIZE] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_DATA] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_STACK] = { 8 * MEBIBYTE, RLIM_INFINITY },
        [RLIMIT_CORE] = { 0, RLIM_INFINITY },
        [RLIMIT_RSS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_NOFILE] = { 1024, 524288 },
        [RLIMIT_AS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_MEMLOCK] = { 8 * MEBIBYTE, 8 * MEBIBYTE },
        [RLIMIT_LOCKS] = { RLIM_INFINITY, RLIM_INFINITY },
        [RLIMIT_MSGQUEUE] = { 819200, 819200 },
        [RLIMIT_NICE] = { 0, 0 },
        [RLIMIT_RTPRIO] = { 0, 0 },
        [RLIMIT_RTTIME] = { RLIM_INFINITY, RLIM_INFINITY },
};

/* These two the kernel makes of the host's memory. */
static const int of_the_host[] = { RLIMIT_NPROC, RLIMIT_SIGPENDING };

void limits_default(struct rlimit ret[RLIM_NLIMITS]) {
        for (size_t i = 0; i < RLIM_NLIMITS; i++)
                ret[i] = defaults[i];
        for (size_t i = 0; i < sizeof(of_the_host) / sizeof(of_the_host[0]); i++) {
                enum __rlimit_resource what = (enum __rlimit_resource) of_the_host[i];

                if (prlimit(1, what, NULL, &ret[what]) < 0)
                        (void) getrlimit(what, &ret[what]);
        }
}

int limits_give(pid_t pid, int resource, const struct rlimit *limit) {
        enum __rlimit_resource what = (enum __rlimit_resource) resource;
        struct rlimit has, want = *limit;

        if (prlimit(pid, what, &want, NULL) >= 0)
                return 0;
        if (errno != EPERM)
                return -errno;
        if (prlimit(pid, what, NULL, &has) < 0)
                return -errno;
        if (want.rlim_max > has.rlim_max)
                want.rlim_max = has.rlim_max;
        if (want.rlim_cur > want.rlim_max)
                want.rlim_cur = want.rlim_max;
        (void) prlimit(pid, what, &want, NULL);
        return -EPERM;
}

bool limits_may_give(pid_t pid) {
        struct rlimit has;

        return prlimit(pid, RLIMIT_NOFILE, NULL, &has) >= 0 || errno != EPERM;
}
