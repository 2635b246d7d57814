/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "endpoint.h"
#include "error.h"
#include "netlink.h"

/* One interface less of a machine that runs. With the network lock held (`lock` is its fd). */

typedef struct NicTaking {
        int lock;
        int netns; /* the machine's, or -1 */
        Netlink *nl;
        Endpoint *e;
        bool asked; /* who asked for that wants to know when it is not there */
} NicTaking;

/* Take away what there is of the interface of that name, there wholly or in part, and drop it from `e`. -EAGAIN: it can be reached by the
 * machine's namespace alone, and there is none. */
int nic_take(const NicTaking *t, const char *name, Error **reterr);

/* A zone that may have lost its last interface. */
int nic_leave_zone(const NicTaking *t, const char *zone, Error **reterr);
