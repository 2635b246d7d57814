/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"
#include "registration.h"

/* The properties that every machine's scope has, however it is made, then the user's own; into an open array of
 * (sv). They come after what systemd-machined sets, and the later one wins. */
int scope_append_properties(sd_bus_message *m, sd_bus *bus, const Registration *reg, Error **reterr);
