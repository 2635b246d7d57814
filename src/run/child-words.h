/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "child.h"
#include "supervisor.h"

/* What the supervisor hears of the child, by the socket between them (child.h). */

/* Wait for one message: CHILD_NETWORK, or CHILD_READY with the ptys' masters, the caller's (masters has room for 1 + PLAN_TTYS);
 * or 0: for the end of the stream, which is a successful exec. A CHILD_FAILED instead is the Error; s->exit_status tells of an exec that failed. */
int child_await(Supervisor *s, int socket, char what, int *masters, size_t *n_masters, Error **reterr);

/* After a failure `r` of ours: the child may have failed before, and said why, and all that we met is that it has ended. Returns what
 * counts, with *reterr replaced if need be. Does not wait. */
int child_reason(Supervisor *s, int socket, int r, Error **reterr);
