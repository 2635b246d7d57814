/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Cutting a command line into options and operands. Our own loop and not getopt_long(3), because its tables are
 * a second spelling of ours, it abbreviates ("--net" today is another option tomorrow), prints by itself, and keeps
 * its state in globals.
 *
 * A table is any array whose elements begin with an ArgSpec, so that each user adds what it needs. */

typedef struct ArgSpec {
        const char *name;        /* long name without dashes, or NULL */
        const char *alias;       /* a second long name, or NULL */
        char letter;             /* short name, or 0 */
        bool optional;           /* the argument may be left out; it is then given as --name=VALUE only */
        const char *placeholder; /* what --help calls the argument, or NULL where there is none */
} ArgSpec;

typedef struct ArgTable {
        const void *first; /* the elements; each begins with an ArgSpec */
        size_t size;       /* bytes an element */
        size_t n;
        const struct ArgTable *more; /* looked into next, or NULL */
} ArgTable;

#define ARG_TABLE(array) ((ArgTable){ (array), sizeof((array)[0]), ELEMENTSOF(array), NULL })

typedef struct ArgCursor {
        int argc;
        char **argv;
        int next;            /* index of the next word; of the first operand once args_next() has returned 0 */
        const char *cluster; /* rest of a "-abc", or NULL */
} ArgCursor;

/* Begin after argv[0]. */
ArgCursor args_begin(int argc, char **argv);

/* The next option: 1, with *ret an element of the table and *ret_value its argument (NULL without one; points into
 * argv). 0: options have ended, at "--" (skipped) or before the first operand. -EINVAL: unknown option (the
 * error has the nearest real one as its hint; *ret is NULL), an argument missing, or one too many. */
int args_next(ArgCursor *a, const ArgTable *table, const ArgSpec **ret, const char **ret_value, Error **reterr);

const ArgSpec *args_find(const ArgTable *table, const char *name, size_t length);

/* All elements of a table and those behind it, one after the other: NULL at the end. Begin with *table and *i = 0. */
const ArgSpec *args_iterate(const ArgTable **table, size_t *i);

/* "--name" or "-n" of an option, for messages; into buf. */
const char *args_spelling(const ArgSpec *spec, char buf[64]);
