/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* A verb of the command line. The one table (verbs.c) is what dispatch, --help, bash completion and the man page's
 * list are made of. `run` gets argv[0] = the verb; it returns the exit status 0..255, or -errno with *reterr set,
 * which main() prints and turns into 125 (boot, run, exec, shell) or 1 (all others). */

typedef enum VerbFlags {
        VERB_ROOT = 1 << 0,     /* refuses, with the reason, when not root */
        VERB_JSON = 1 << 1,     /* knows --json */
        VERB_HIDDEN = 1 << 2,   /* not in --help: called by nbox's own units and scripts */
        VERB_RUNS = 1 << 3,     /* own failure is 125: the exit status is what ran inside */
} VerbFlags;

/* What completion offers for a verb's operands. */
typedef enum VerbOperand {
        OPERAND_NONE,
        OPERAND_MACHINE,  /* one running machine */
        OPERAND_MACHINES, /* any number */
        OPERAND_IMAGE,    /* an image's name or a directory */
        OPERAND_OTHER,
} VerbOperand;

typedef struct Verb {
        const char *name;
        const char *arguments; /* "[OPTIONS] DIR|NAME", as --help shows them */
        const char *help;      /* one line, capital first, no full stop */
        int (*run)(int argc, char **argv, Error **reterr);
        unsigned flags;
        VerbOperand operand;
        const char *group;     /* heading in --help: "Start", "Use", "See", "Make", "Stop" */
} Verb;

extern const Verb verbs[]; /* ends with .name = NULL */
const Verb *verb_find(const char *name);
