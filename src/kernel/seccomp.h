/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The system call filter of every machine, as seccomp-rules.def lists it, constant since the build. */

/* Install it for the calling process and all that comes of it. Needs CAP_SYS_ADMIN in the own user namespace: no_new_privs is
 * left alone, since it would take su and sudo away from the guest. With `private_users`, what only the host's root may is
 * refused before the kernel sees it. After it, neither bpf(2) (with private_users) nor clock, module, swap or keyring
 * calls work in this process. Returns 0 or -errno; -EINVAL from a kernel without CONFIG_SECCOMP_FILTER. */
int seccomp_apply_default(bool private_users);

/* For a process of our own that needs few calls (SYS_…, at most 200): every other one, and all of another architecture, is EPERM from here on.
 * Needs no_new_privs or CAP_SYS_ADMIN. Returns 0 or -errno; -EINVAL as above, -EOPNOTSUPP on an architecture that is not known here. */
int seccomp_allow_only(const uint32_t *calls, size_t n);
