/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "error.h"
#include "libsystemd.h"

/* How a start ended whose job ended with `result`: 0 when the unit is up; else < 0 and why it is not: what its process
 * last said in the journal since `since_usec` (CLOCK_REALTIME, taken before the start), else its
 * Result and exit status. Waits for a service that is being restarted since the guest asked for a reboot. */
int unit_start_outcome(sd_bus *bus, const char *unit, const char *result, uint64_t since_usec, Error **reterr);
