/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "join.h"
#include "join-child.h"

/* From a plan to a command that runs: as join_start(), without a pty. */
int join_launch(JoinPlan *plan, Joined *ret, Error **reterr);
