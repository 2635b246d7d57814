/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "machine.h"

/* A machine's properties, one for each field of its record; the same for `show` and for `status --json`. */

/* One as text; *ret is NULL where it is unset. The caller's. 0 or -ENOMEM. */
int machine_property(const Machine *m, const RecordField *f, char **ret);

/* Its interfaces in zones, an object each. */
json_t *machine_nics_to_json(const Machine *m);

/* As an object: those whose names are in `wanted`, or all where that is NULL. NULL is out of memory. */
json_t *machine_to_json(const Machine *m, char *const *wanted);
