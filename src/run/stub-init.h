/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* --as-pid2: a PID 1 that does the two things a command cannot be trusted with: it reaps orphans, and it passes on the
 * signals that the kernel would keep from a PID 1 that has no handler. Returns 0 in the child, which is PID 2 and goes
 * on to be the command, or -errno; the stub itself never returns and exits with the command's status. */
int stub_init_fork(Error **reterr);
