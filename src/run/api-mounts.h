/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* A proc of the machine's pid namespace and a sysfs of its network namespace, made by a process that is in both of these, but in
 * the host's user namespace still: the kernel would refuse them to root inside wherever a part of the host's own is covered
 * (mount_too_revealing()). */

/* leader: pidfd of the machine's first process, which lives. own_network: its network namespace is not ours. Mount fds, not attached, in
 * ret[0] (proc) and ret[1] (sysfs), the caller's. */
int api_mounts_make(int leader, bool own_network, int ret[2], Error **reterr);
