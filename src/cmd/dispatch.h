/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Run the command line; returns the exit status. Errors are printed here and nowhere below. */
int dispatch(int argc, char **argv);

/* For a verb that is made of others: one with its words, argv[0] the verb's. Its exit status, or -errno with an Error. */
int dispatch_verb(int argc, char **argv, Error **reterr);
