/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* --nesting: containers inside, in user namespaces of their own.
 *
 * A user namespace may have a new proc or sysfs only where its mount namespace has one that is whole: not covered by mounts that it cannot
 * lift, and writable if the new one is to be (mount_too_revealing() in the kernel's fs/namespace.c). What is hidden and read-only of the
 * machine's own /proc and /sys (api-guard.h) is locked for whatever lives in a user namespace made inside, so that rootless podman,
 * bubblewrap and a machine in the machine would get neither. Therefore one of each that is whole stands by, at NESTING_DIRECTORY, where the
 * kernel finds it and nobody else: it is below a directory of the host's root with mode 000, and there is no capability over what belongs
 * to an id that the user namespace does not have. Nor can it be moved, lifted or copied from there, since all that is stacked on /run/host
 * by the supervisor is locked.
 *
 * What root inside gains by it: nothing. It may mount a whole, writable proc and sysfs of its own namespaces as it is, and the
 * kernel refuses it what is the host's in there by the owner of each file. What others inside gain: the same, in a user namespace
 * and a pid namespace that they make.
 *
 * With --private-users=identity the host root's id is root inside, and owns the sysctls: there the covers are all that protects
 * the host, and nothing stands by. */

#define NESTING_DIRECTORY "/run/host/nesting"

static inline bool nesting_has_mounts(const MachinePlan *p) {
        return p->nesting && !(p->userns && p->uid_base == 0);
}

/* Make the directory, in what is to be /run/host. 0 or -errno. */
int nesting_make_places(int run_host);

/* Put copies of proc and sysfs (mount fds, attached, with nothing over them yet) there, in the tree at `root`. */
int nesting_place_mounts(int root, const int api[2], Error **reterr);
