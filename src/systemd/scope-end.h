/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "libsystemd.h"

#include "registration.h"

/* A scope whose controller systemd has lost is to be ended in order all the same: have systemd call `nbox scope-end NAME LEADER` before it stops
 * the scope. Of `reg`, name, leader, before and stop_timeout_usec count. Not waited for; what fails costs a warning. */
void scope_end_begin(sd_bus *bus, const Registration *reg);
