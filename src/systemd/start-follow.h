/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "job.h"

/* The bus was started anew while the start of a unit was asked for, or waited for: whether systemd has heard of it, nobody says any more. So look
 * at the unit itself, on a connection of its own. As unit_start_outcome(), and 1 when the hook (or NULL) did not want to wait. */
int start_follow(const char *unit, const JobHook *hook, uint64_t since_usec, Error **reterr);

/* Whether a call that failed with this has failed for want of the bus. `e` may be empty. */
bool start_is_cut_off(int r, const sd_bus_error *e);
