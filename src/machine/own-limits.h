/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"

/* Limits of a machine where no systemd puts them on a slice: they are written to the group that we have made for it, into files that stay
 * root's when the group is handed over. What systemd makes of a value is made of it here, too. */

/* The controller that it takes: "memory". Static. */
const char *own_limit_controller(Resource r);

/* Put a checked text (resources.h) in force, or NULL: the limit is none. `tree`: whose device is meant where none is named. -ENOENT: the
 * group does not have the controller. */
int own_limit_put(const char *group, Resource r, const char *text, const char *tree, Error **reterr);
