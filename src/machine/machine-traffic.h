/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "link-stats.h"
#include "machine.h"

/* What all interfaces of a machine have received and sent together, from its view. Needs no root. 0 or -errno: -EOPNOTSUPP where they are the
 * host's or those of a namespace that others may share; -ENODEV when one of them is not to be found. nl: of the host, or NULL. */
int machine_traffic(Netlink *nl, const Machine *m, LinkStats *ret);
