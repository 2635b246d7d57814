/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "netlink.h"

/* Take a machine's network away, and each zone's with its last port: what network_detach() does, with the network lock
 * held (`lock` is its fd); with `reboots`, network_suspend(). Does what it can, and reports the first error. */
int network_release(int lock, Netlink *nl, const char *machine, bool reboots, Error **reterr);

/* Where no zone is up: give back what is the host's, and the lock's directory; whoever waits for it finds that out. */
void network_release_host(int lock, Netlink *nl);
