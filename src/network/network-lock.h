/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* One lock serves all zones: ranges are chosen against one another, forwarding is one switch, the kernel takes one
 * lock (RTNL) for most of the work anyway, and a bridge must not be removed while the next machine is about to use it.
 * It is flock(2) on a directory of root's, which is there only while a zone is. Others may pass through it, as the services of zones
 * do, and not open it: so only root can hold the lock. */

#define NETWORK_RUN_DIRECTORY "/run/nbox/network"

/* Make and lock the directory; waits. Returns its fd, which holds the lock, or -errno. */
int network_lock(Error **reterr);

/* Remove the directory where nothing is in it, with the lock held. Whoever waits for it makes a new one. */
void network_lock_remove(void);
