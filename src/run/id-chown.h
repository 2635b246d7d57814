/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "supervisor.h"

/* Give the tree's files to the machine's users, as the plan says (rechown), or back to root. What they were is kept until it is done, so
 * that it can be finished after any interruption. 0 also when it was asked to end meanwhile (supervisor_is_cancelled()). */
int ids_chown(Supervisor *s, Error **reterr);
