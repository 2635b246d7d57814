/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "bus-watch.h"
#include "error.h"

/* A connection to the system bus that comes back when the bus was started anew. */

typedef struct BusRenewal BusRenewal;

/* Look at `bus`, whose messages are dispatched by that loop. When it has ended, connect again, waiting for nothing and as often as it takes, and
 * call `cb` with the new connection and what watches it, once systemd answers on it; both are the callee's then, and looked at in their turn.
 * 0 or -errno. */
typedef void (*BusRenewed)(sd_bus *bus, BusWatch *watch, void *userdata);
int bus_renewal_new(EventLoop *loop, sd_bus *bus, BusRenewed cb, void *userdata, BusRenewal **ret, Error **reterr);
BusRenewal *bus_renewal_free(BusRenewal *r); /* returns NULL */
