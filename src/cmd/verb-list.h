/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "verb.h"

/* What verbs.c puts into its table: one function a verb, each in a file verb-NAME.c, and its options' table where it
 * has one. */

int verb_boot(int argc, char **argv, Error **reterr);
int verb_run(int argc, char **argv, Error **reterr);
int verb_help(int argc, char **argv, Error **reterr);
int verb_complete(int argc, char **argv, Error **reterr);
int verb_man(int argc, char **argv, Error **reterr);

int verb_exec(int argc, char **argv, Error **reterr);
int verb_shell(int argc, char **argv, Error **reterr); /* verb-exec.c */
extern const VerbOption exec_options[];

int verb_start(int argc, char **argv, Error **reterr);
int verb_stop(int argc, char **argv, Error **reterr);
int verb_enable(int argc, char **argv, Error **reterr);
int verb_disable(int argc, char **argv, Error **reterr); /* verb-unit.c */

int verb_create(int argc, char **argv, Error **reterr);
extern const VerbOption create_options[];
