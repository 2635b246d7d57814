/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "netlink.h"

/* The number by which one network namespace calls another one. The kernel gives it with the first link between the two, and tells what it is of
 * without the lock on all links (RTM_GETNSID). */

/* What the namespace of `nl` calls that of the descriptor; -1: nothing, or it cannot be told. */
int netns_id(Netlink *nl, int netns);

/* Whether that one is gone for good, or about to: nobody is in it, and nobody has a descriptor of it any more, so that its links go with it. A number
 * that another has got since counts as there. */
bool netns_id_is_gone(Netlink *nl, int id);
