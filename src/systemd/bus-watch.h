/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "event-loop.h"
#include "libsystemd.h"

/* A connection whose messages are dispatched by our event loop: what sd_bus_attach_event(3) does for that of libsystemd. Calls that wait for
 * an answer, and bus_step(), work as before. It goes before the connection does. */

typedef struct BusWatch BusWatch;

int bus_watch_new(sd_bus *bus, EventLoop *loop, BusWatch **ret);
BusWatch *bus_watch_free(BusWatch *w);
