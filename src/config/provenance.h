/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "options.h"

/* Where what stands in a MachineConfig came from: each assignment that is in effect, in the order in which it was made. What is reset, replaced
 * or hidden by the command line is not among them; what has none is by default. It goes along when fields do (config_fill()). */

struct Assignment {
        Assignment *next;
        const Option *option;
        Field field;   /* that it is in: option->field, but for --rlimit= */
        char *file;    /* a settings file's path; NULL: the command line */
        unsigned line; /* of it, from 1 */
        char *text;    /* as it was given, specifiers replaced; of a secret only its ID */
};

/* One more: called for each value that is stored. Of a field that holds one value the earlier ones are forgotten. */
int provenance_add(MachineConfig *c, const OptionValue *v, Error **reterr);

void provenance_forget(MachineConfig *c, Field f);
void provenance_forget_nics(MachineConfig *c, NicKind kind);

/* Those of a field go over to another config, behind what it has. */
void provenance_move(MachineConfig *c, MachineConfig *from, Field f);

#define PROVENANCE_COMMAND_LINE "command line"

/* "/etc/nbox/web.conf:3" or that; the caller's, NULL on out of memory. */
char *provenance_text(const Assignment *a);

/* "Bind=" where it is a settings key, else "--option="; the caller's. */
char *provenance_key(const Assignment *a);
