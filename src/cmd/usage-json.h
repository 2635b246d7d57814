/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "machine-usage.h"
#include "usage-history.h"

/* A machine's figures as JSON: bytes, microseconds, counts; null is what this host cannot tell, and a limit that there is not. */

/* A number, or null for FIGURE_UNKNOWN. */
json_t *figure_to_json(uint64_t n);

/* Hundredths as a number with two places after the point, or null. */
json_t *hundredths_to_json(uint64_t n);

/* NULL on out of memory. */
json_t *usage_to_json(const MachineUsage *u, const UsageHistory *h);
