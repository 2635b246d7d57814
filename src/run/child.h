/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "api-guard.h"
#include "error.h"
#include "machine-plan.h"

/* The process that becomes the machine's PID 1, from its birth in new namespaces to the exec of the guest's init. It
 * runs nbox's code with the guest's privileges only, opens nothing by a host path, and speaks with its parent over
 * one SOCK_SEQPACKET socket, which the exec closes.
 *
 * The parent says                                      the child says
 *                                                      CHILD_NETWORK: its network namespace is made, where it has one
 *   CHILD_BUILT  + the root mount's fd, what is for /sys/fs, and lxcfs's files:
 *                maps are written, the tree stands
 *   CHILD_API    + proc, sysfs, what is for /sys/fs:
 *                where they were not in the tree         CHILD_READY + the ptys' masters: all is mounted
 *   CHILD_GO     it is in its cgroup, and on the net     CHILD_FAILED + a ChildFailure; or the end: init runs */

enum {
        CHILD_NETWORK = 'n',
        CHILD_BUILT = 'b',
        CHILD_API = 'a',
        CHILD_READY = 'r',
        CHILD_GO = 'g',
        CHILD_FAILED = 'f',
};

typedef struct ChildBuilt {
        char type;      /* CHILD_BUILT */
        bool sys_fs;    /* it is behind the root (api-guard.h) */
        uint16_t lxcfs; /* which of its files are behind that (lxcfs_pack()) */
        bool api_later; /* a ChildApi follows */
        bool entered;   /* it is in the tree already, in a namespace with nothing else (assemble_stand_on_tree()) */
} ChildBuilt;

typedef struct ChildApi {
        char type;    /* CHILD_API */
        bool guarded; /* by api_guard_ahead(); else what is for /sys/fs is behind the two */
        ApiLeft left;
} ChildApi;

typedef struct ChildFailure {
        char type; /* CHILD_FAILED */
        int code;  /* negative errno; -ENOEXEC and -ENOENT of the exec itself become 126 and 127 */
        bool exec;
        char message[512];
        char hint[256];
} ChildFailure;

typedef struct ChildSetup {
        const MachinePlan *plan;
        int socket;         /* its end */
        bool stays;         /* in the cgroup that it is born in; else it is moved before CHILD_GO */
        int stdio[3];       /* what becomes 0, 1, 2 with CONSOLE_PIPE; else -1 */
} ChildSetup;

/* Never returns. Called right after clone3, single-threaded. */
_Noreturn void child_main(const ChildSetup *setup);
