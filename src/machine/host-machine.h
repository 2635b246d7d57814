/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine.h"

/* ".host", as machinectl(1) has it: the host itself, in the form of a machine, for verbs that look and change nothing. It has no record and
 * no supervisor; what a record would say is read from where the host says it. */

#define HOST_MACHINE ".host"

bool is_host_machine(const char *name);

int host_machine(Machine **ret, Error **reterr);

/* machine_find(), or the host by that name. */
int machine_find_or_host(const char *name, Machine **ret, Error **reterr);
