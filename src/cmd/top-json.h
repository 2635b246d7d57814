/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "top-row.h"

/* As nbox-json(7) has it; machines in the order of `rows`. A new reference, NULL on out of memory. */
json_t *top_json(const TopSample *sample, const TopRow *const *rows, size_t n);
