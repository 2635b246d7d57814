/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* Put something empty of the same kind over what is at `path` in the machine's tree (Inaccessible=), which must be there: a directory, a
 * file, a socket … that nobody may open. It belongs to the host's root, so that root of a user namespace may not either; and the
 * kernel locks it for one (child-mounts.h). A link is followed, beneath the root, as whoever opens the path inside would. */
int assemble_cover(const MachinePlan *p, int root, const char *path, Error **reterr);
