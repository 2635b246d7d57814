/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "machine.h"
#include "record-nic.h"

/* A machine's properties, one for each field of its record; the same for `show` and for `status --json`. */

/* One as text; *ret is NULL where it is unset. The caller's. 0 or -ENOMEM. */
int machine_property(const Machine *m, const RecordField *f, char **ret);

/* In a word, as --network= has it: the kind of its first interface, or what it has instead; "none" when the last one was taken away, NULL
 * where nobody knows. It may stand in `buf`. */
const char *machine_network(const Machine *m, RecordNic *buf);

/* Its interfaces, an object each, in the order of record_nic(). */
json_t *machine_nics_to_json(const Machine *m);

/* As an object: those whose names are in `wanted`, or all where that is NULL. NULL is out of memory. */
json_t *machine_to_json(const Machine *m, char *const *wanted);
