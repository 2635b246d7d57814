/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "error.h"
#include "oci-spec.h"

/* Programs of the engine's that are run at a moment of a container's life, one after the other, with its state on their standard input.
 * They are run as who calls this is: in his namespaces and with his root. The first that fails, or takes longer than it may, is the error.
 *
 * hooks: the configuration's, or NULL. state: oci_state_json(). */
int oci_hooks_run(json_t *hooks, OciHookKind kind, json_t *state, Error **reterr);
