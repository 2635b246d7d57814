/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "endpoint.h"
#include "record.h"

/* The interfaces that a machine has by now, in place of those that it was started with: what is in its file and in its record stays as the
 * record has it, what was added while it runs comes behind. 0 or -ENOMEM. */
int live_nics_take(MachineRecord *r, const Endpoint *e);
