/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "error.h"

/* Why a unit did not start: what its process last said in the journal since `since_usec` (CLOCK_REALTIME, taken with
 * failure_clock() before the start), else its Result and exit status. `result` is the job's.
 * Always returns < 0, with *reterr set. */
int unit_failure(sd_bus *bus, const char *unit, const char *result, uint64_t since_usec, Error **reterr);
uint64_t failure_clock(void);
