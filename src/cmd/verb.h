/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "args.h"
#include "error.h"

/* A verb of the command line: one word ("boot"), or two of which the first says what it is about ("zone list"). The one table
 * (verbs.c) is what dispatch, --help, completion and the man page's list are made of. `run` gets argv[0] = the verb; it returns
 * the exit status 0..255, or -errno with *reterr set, which main() prints and turns into 125 (boot, run, exec, shell) or 1 (all
 * others). */

typedef enum VerbFlags {
        VERB_ROOT = 1 << 0,     /* refuses, with the reason, when not root (but for --help and --dry-run) */
        VERB_JSON = 1 << 1,     /* knows --json */
        VERB_HIDDEN = 1 << 2,   /* not in --help: called by nbox's own units and scripts */
        VERB_RUNS = 1 << 3,     /* own failure is 125: the exit status is what ran inside; options end at the first
                                 * operand, since what follows belongs to what runs */
        VERB_CONFIG = 1 << 4,   /* its options are those of config/options.h, parsed by config_parse_argv() */
        VERB_OWN_ARGS = 1 << 5, /* its words are not looked at before it runs */
} VerbFlags;

/* What completion offers for a verb's operands. */
typedef enum VerbOperand {
        OPERAND_NONE,
        OPERAND_MACHINE,  /* one running machine */
        OPERAND_MACHINES, /* any number */
        OPERAND_IMAGE,    /* an image's name or a directory */
        OPERAND_IMAGES,   /* any number of images' names */
        OPERAND_OLD_NAME, /* an image's name, then something else */
        OPERAND_IMAGE_FILE, /* an image's name or a directory, then a file */
        OPERAND_STARTABLE, /* any number of machines that do not run */
        OPERAND_DISABLED, /* any number of machines that do not start with the host */
        OPERAND_ENABLED,  /* any number that do */
        OPERAND_VERB,     /* a verb's name */
        OPERAND_ZONES,    /* any number of zones that are known */
        OPERAND_NEW_PORTS, /* a running machine, then ports that are to be published */
        OPERAND_PORTS,    /* a running machine, then ports that it publishes */
        OPERAND_NEW_NIC,  /* a running machine, then an interface that it is to get */
        OPERAND_NIC,      /* a running machine, then one that it has */
        OPERAND_NEW_DEVICES, /* a running machine, then paths of the host's */
        OPERAND_DEVICES,  /* a running machine, then devices that it has */
        OPERAND_RESOURCES, /* a machine or an image, then WORD=VALUE of resources */
        OPERAND_MACHINE_FILE, /* a running machine, then a path of the host's */
        OPERAND_BINDS,    /* a running machine, then places that something was bound to */
        OPERAND_MOUNTED,  /* any number of images that are mounted on the host */
        OPERAND_SNAPSHOT, /* an image, then one of its snapshots */
        OPERAND_SNAPSHOTS, /* an image, then any number of them */
        OPERAND_FILE,     /* a file or a directory, then a new name */
        OPERAND_NEW,      /* a name that nothing has yet */
} VerbOperand;

/* An option of one verb. --help, --no-pager, and --json where VERB_JSON is set, need not be listed. */
typedef struct VerbOption {
        ArgSpec spec;
        int id;           /* what verb_next() returns for it: its letter, or any number > 0 of the verb's own */
        const char *help; /* one line, capital first, no full stop */
} VerbOption;

typedef struct Verb {
        const char *name;
        const char *arguments; /* "[OPTIONS] DIR|NAME", as --help shows them */
        const char *help;      /* one line, capital first, no full stop */
        int (*run)(int argc, char **argv, Error **reterr);
        unsigned flags;
        VerbOperand operand;
        const char *group;         /* heading in --help: one of verb_groups */
        const VerbOption *options; /* ends with an empty one; NULL: none */
} Verb;

extern const Verb verbs[];             /* ends with .name = NULL */
extern const char *const verb_groups[]; /* in the order of --help; ends with NULL */
const Verb *verb_find(const char *name); /* by all of its name */

/* Whether verbs of two words begin with this one. */
bool verb_is_first_word(const char *word);

/* The verb that words[0], or words[0] and words[1], name; NULL for none. Of two words the second is given the whole name, so that
 * behind *ret_skip words stands what every verb wants as its argv: its name, then its arguments. */
const Verb *verb_find_words(char **words, int n, int *ret_skip);

/* Cutting a verb's own words by its table. Options may stand behind operands too, but not with VERB_RUNS.
 *
 *     VerbArgs args = verb_args(argc, argv);
 *     while ((r = verb_next(&args, reterr)) > 0)
 *             switch (r) {
 *             case 't':
 *                     tty = true;
 *                     break;
 *             case 'p':
 *                     key = args.value;
 *                     break;
 *             }
 *     if (r < 0)
 *             return r;
 *     … args.json, args.operands, args.n_operands … */
typedef struct VerbArgs {
        const Verb *verb;
        ArgCursor cursor;
        const char *value; /* the argument of the option that verb_next() returned, or NULL; points into argv */
        bool json;         /* --json was given */
        char **operands;   /* once verb_next() has returned 0; NULL-terminated, points into argv, which is reordered */
        int n_operands;
} VerbArgs;

VerbArgs verb_args(int argc, char **argv);
int verb_next(VerbArgs *a, Error **reterr); /* an option's id, 0 at the end, or -EINVAL */

/* For a verb without options of its own: all of that, and verb_check_operands(). */
int verb_operands(VerbArgs *a, int min, int max, Error **reterr);

/* How many operands there are must be within min and max (-1: any number): 0, or -EINVAL with the verb's usage. */
int verb_check_operands(const VerbArgs *a, int min, int max, Error **reterr);

/* For each operand, whatever became of the one before: what goes wrong is said here. 0, or EXIT_FAILURE. */
int verb_for_each(const VerbArgs *a, int (*act)(const char *name, const void *how, Error **reterr), const void *how);

/* Whether --NAME is among the options of a command line (argv[0] is the verb); a malformed one has none. */
bool verb_option_given(const Verb *verb, int argc, char **argv, const char *name);

/* The options before a verb; ends with an empty one. */
#define GLOBAL_OPTIONS 5
extern const VerbOption global_options[GLOBAL_OPTIONS + 1];

/* All options of a verb as one table for args_next() and args_iterate(); storage is the caller's. */
typedef struct VerbTables {
        ArgTable tables[3];
} VerbTables;
const ArgTable *verb_tables(const Verb *verb, VerbTables *storage);

/* Whether an option of that table is for this verb: boot and run share one. */
bool verb_takes(const Verb *verb, const ArgSpec *spec);
