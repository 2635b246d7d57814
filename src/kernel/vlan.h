/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "link.h"

/* Make a link, down, that is the VLAN `id` (1 to 4094) of the interface `lower`. -EEXIST: a link of that name, or another one for the
 * same VLAN, is there; -EOPNOTSUPP: the kernel has no VLANs. */
int vlan_create(Netlink *nl, const char *name, int lower, unsigned id);
