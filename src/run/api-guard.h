/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "error.h"
#include "machine-plan.h"

/* What hides or protects parts of the machine's /proc and /sys: all that systemd-nspawn, Docker, podman and LXC cover or make read-only by
 * default.
 *
 * With ids of the machine's own it is the kernel that says no: what is the host's in there belongs to the host's root. The covers keep the
 * machine's users, and programs that look what they may do, from what is none of theirs. They are made by the child, for were they locked,
 * nobody inside could mount a proc of his own (mount_too_revealing()), as service managers do (ProtectProc=). Where root inside has
 * the host root's id (--private-users=identity), they are what protects the host: the supervisor makes them, and so the kernel locks them
 * in the machine's copy. Without a user namespace root inside is the host's root, and can lift any cover, as with everybody.
 *
 * Parts are found beneath the mounts' fds, which are the kernel's own file systems, without following a link; what covers a file is the
 * machine's own /dev/null, which is looked at once more: a cover that leads elsewhere would open what it is to hide (CVE-2025-31133). */

typedef enum GuardedBy {
        GUARDED_BY_SUPERVISOR,
        GUARDED_BY_CHILD,
} GuardedBy;

static inline GuardedBy api_guarded_by(const MachinePlan *p) {
        return p->userns && p->uid_base == 0 ? GUARDED_BY_SUPERVISOR : GUARDED_BY_CHILD;
}

/* What is to stand on /sys/fs, a mount fd of the caller's; or -errno. Where the child guards, the supervisor makes it, which has the
 * time. */
int api_guard_make_fs(const MachinePlan *p);

/* root: of the machine's tree, with /dev, /proc and /sys mounted. fs: the former, or -1: it is yet to be made. */
int api_guard(const MachinePlan *p, int root, int fs, Error **reterr);

/* Which parts are left to be hidden, as bits. */
typedef struct ApiLeft {
        uint32_t proc, sys;
} ApiLeft;

/* By the supervisor, on a proc and a sysfs that stand nowhere yet, for the child to mount with all that is on them: what need not be done by who
 * is in the machine's namespaces, and needs none of its files. api: both, mount fds. fs: what is to stand on /sys/fs. -EOPNOTSUPP, and no
 * Error, where the kernel mounts nothing there (before Linux 6.15). */
int api_guard_ahead(const MachinePlan *p, const int api[2], int fs, ApiLeft *ret, Error **reterr);

/* By the child: what is left then. Both are mounted in the tree by now. Which sysctls there are depends on who looks. */
int api_guard_rest(const MachinePlan *p, int root, const int api[2], ApiLeft left, Error **reterr);
