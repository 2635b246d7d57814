/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"

/* `nbox boot` and `nbox run`, from their arguments (argv[0] is the verb) to the machine's end. A reboot asked for inside
 * starts anew from the arguments, with the settings read again; within a unit that restarts on it, by
 * exit status 133 (UNIT_REBOOT_STATUS).
 * Returns nbox's exit status, or -errno with *reterr set (EXIT_OWN_FAILURE then). */
int start_machine(StartMode mode, int argc, char **argv, Error **reterr);
