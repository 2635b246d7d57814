/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"
#include "registration.h"

/* The properties that every machine's scope has, however it is made, then the user's own; into an open array of
 * (sv). They come after what systemd-machined sets, and the later one wins. */
int scope_append_properties(sd_bus_message *m, sd_bus *bus, const Registration *reg, Error **reterr);

/* One property of such an array, that is a list of units. */
int scope_append_units(sd_bus_message *m, const char *property, char *const *units);

/* How long systemd waits for a scope, or what stops in its place: longer than the supervisor waits for the guest. */
uint64_t scope_stop_timeout(const Registration *reg);
