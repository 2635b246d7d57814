/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "config.h"
#include "fields.h"
#include "machine-plan.h"

/* A plan, and where each of its values came from. */

/* plan-print.c: what --dry-run shows, NULL on out of memory; and one value of it as people read it. */
json_t *plan_to_json(const MachinePlan *p);
void plan_put_value(const json_t *v, const char *separator, FILE *out);

/* Whether a field of settings is known to be behind one of the plan's values. */
bool plan_explains(Field f);

/* For people or as JSON, to stdout. `arguments` are those that it was made of, the verb first. */
int plan_explain(const MachineConfig *c, const MachinePlan *p, char *const *arguments, bool json, Error **reterr);
