/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "config.h"
#include "error.h"

/* `nbox boot` and `nbox run`, from their arguments (argv[0] is the verb) to the machine's end. A reboot asked for inside
 * starts anew from the arguments, with the settings read again; within a unit that restarts on it, by
 * exit status 133 (UNIT_REBOOT_STATUS).
 * Returns nbox's exit status, or -errno with *reterr set (EXIT_OWN_FAILURE then). */
int start_machine(StartMode mode, int argc, char **argv, Error **reterr);

/* What such a start would be now, and where each of its values came from: printed, and nothing is done. `as_service`: the one of `nbox start`,
 * which runs the command of a tree that is there for one. */
typedef struct StartExplanation {
        StartMode mode;
        int argc;
        char **argv; /* ends with NULL */
        bool as_service;
        bool json;
} StartExplanation;

int start_explain(const StartExplanation *q, Error **reterr);
