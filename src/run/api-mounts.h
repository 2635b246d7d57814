/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

/* A proc of the machine's pid namespace and a sysfs of its network namespace, made from the host's user namespace: the kernel would
 * refuse them to root inside wherever a part of the host's own is covered (mount_too_revealing()). */

/* The machine's first process, which lives, and in what network namespace it is to stay. */
typedef struct ApiOf {
        pid_t leader;
        int leader_fd;    /* its pidfd */
        bool own_network; /* not ours */
        int (*await_network)(void *userdata, Error **reterr); /* until it is in that; NULL: it is */
        void *userdata;
} ApiOf;

/* Mount fds, not attached, in ret[0] (proc) and ret[1] (sysfs), the caller's. */
int api_mounts_make(const ApiOf *of, int ret[2], Error **reterr);
