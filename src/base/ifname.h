/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Names of network interfaces. The kernel holds 15 bytes of a name proper, and 127 of an alternative name, by which an interface is
 * found as well (Linux 5.5). */

#define IFNAME_SIZE 16        /* IFNAMSIZ: a name proper and its NUL */
#define IFNAME_ALT_MAX 127    /* ALTIFNAMSIZ, without the NUL */

/* Whether text is what an interface can be called, as dev_valid_name() of the kernel has it, in 1 to `max` bytes; and no byte of it could speak to
 * a terminal. */
bool ifname_is_valid(const char *name, unsigned max);

/* PREFIX and NAME in one where they fit; else the beginning of that and a hash of all of it. With another `attempt`, another hash: for a name
 * that is somebody else's already. Returns false when it fits as it is (and `attempt` is 0). */
bool ifname_fit(const char *prefix, const char *name, unsigned attempt, char ret[IFNAME_SIZE]);
