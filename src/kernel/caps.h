/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Capability sets as bit masks: bit N is capability N of <linux/capability.h>. By prctl(2) and capset(2) directly:
 * the few calls needed here are not worth loading a library at each start. Returns are 0 or -errno. */

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

/* What a machine keeps when nobody asked for anything else. */
uint64_t caps_default_set(bool private_network, bool private_users);

/* Drop every capability that is not in `keep` from the calling thread's bounding set; what an execve() by root gives is
 * limited by it. Needs CAP_SETPCAP in the own user namespace. Capabilities that the bounding set already lacks stay away. */
int caps_drop_bounding(uint64_t keep);

/* Give up every permitted and effective capability of the calling thread that is not in `keep`: for a process that does not
 * execute anything, which the bounding set says nothing about. */
int caps_limit(uint64_t keep);

/* The calling thread's effective set: what it was before only those of `set` were left in it; and back, as far as they are permitted. */
int caps_effective_limit(uint64_t set, uint64_t *ret_before);
int caps_effective_set(uint64_t set);

/* Empty the inheritable and ambient sets of the calling thread. A set that is left full hands capabilities to
 * unprivileged programs that carry file capabilities (CVE-2022-27649 and its kin). Permitted and effective stay. */
int caps_clear_inheritable_ambient(void);

/* Put these into the calling thread's inheritable and ambient sets, so that what it executes has them whoever it is. They must be
 * permitted; when the thread changes its user id first, caps_keep() must come before. */
int caps_keep(void);
int caps_raise_ambient(uint64_t set);

/* The same of what is inheritable already, alone. */
int caps_raise_ambient_of(uint64_t set);

/* The calling thread's sets, each as it is said; what was ambient and is not inheritable any more is gone. */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);
