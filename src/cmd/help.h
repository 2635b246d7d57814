/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "verb.h"

/* --help, made of the tables, at most HELP_COLUMNS wide, on stdout. Each returns an exit status. */

#define HELP_COLUMNS 80

int help_all(void);

/* The verbs of two words that begin with this one. */
int help_first_word(const char *word);
int help_verb(const Verb *verb);

/* The verb `help [VERB]`. */
int verb_help(int argc, char **argv, Error **reterr);

/* One option or verb on the left, its help on the right, broken at blanks; below, where the left is too long. */
void help_row(FILE *f, const char *left, const char *right);

/* "-D, --directory=DIR" into buf, which always has an end. */
const char *help_option_spelling(const ArgSpec *spec, char *buf, size_t size);
