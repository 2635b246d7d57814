/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "machine-plan.h"

/* /proc/sys is read-only but for what belongs to namespaces of the machine's own. The sysctls of an ipc namespace are those of whoever
 * looks them up: where the supervisor does this (api-guard.h), which is in the host's, they stay read-only. proc: fd of a mounted proc. */
int sysctls_protect(const MachinePlan *p, int proc, Error **reterr);
