/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "machine-plan.h"

/* The machine's /dev: a small tmpfs with the nodes that every program expects and nothing else, made by the host's
 * root, for nobody can make a device inside a user namespace. What the tree has there is hidden. */
int assemble_dev(const MachinePlan *p, int root, Error **reterr);

/* Whether every machine has a node at `path` (below /dev), whatever devices it is given. */
bool assemble_dev_has(const char *path);
