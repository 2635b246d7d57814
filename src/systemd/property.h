/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "error.h"
#include "libsystemd.h"
#include "strv.h"

/* --property=NAME=VALUE: a setting of systemd.resource-control(5) in the words of a unit file, for a machine's scope.
 * On the bus many have another name, unit or type; the table in property.c knows them. */

typedef struct PropertyValue {
        char bus_name[40];
        const char *signature; /* of D-Bus; static */
        uint64_t number;       /* for b, u, t, and the number of a(st) */
        char *text;            /* for s, as, a(ss), a(st); NULL: an empty list, which resets */
        char *access;          /* second string of a(ss) */
        uint8_t *bytes;        /* for ay */
        size_t n_bytes;
} PropertyValue;

/* Parse one; needs no bus and no root, so that a plan can be checked. -EINVAL with what is allowed. */
int property_parse(const char *assignment, PropertyValue *ret, Error **reterr);
void property_done(PropertyValue *v);

/* Append as (sv) to a message whose array of properties is open. 0 or -errno of sd-bus. */
int property_append(sd_bus_message *m, const PropertyValue *v);

/* The i-th that is known, and what it takes in words; false behind the last. Static. */
bool property_iterate(size_t i, const char **ret_name, const char **ret_allowed);

/* All of a NULL-terminated list; parse errors as property_parse(). */
int properties_check(char *const *assignments, Error **reterr);
int properties_append(sd_bus_message *m, char *const *assignments, Error **reterr);
