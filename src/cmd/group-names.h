/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "strv.h"
#include "verb.h"

/* The machines that a verb is about: those it names, and those of groups (--group=), each once. All names are looked at before anything is
 * done. *ret is the caller's. */
int group_names(const VerbArgs *args, char *const *groups, char ***ret, Error **reterr); /* -ENOENT: nobody is in such a group */

/* The same of what is to end: of groups those that run (-ESRCH: none does), and in the opposite of the order in which they start where
 * there are groups; else as they are named. */
int group_names_to_end(const VerbArgs *args, char *const *groups, char ***ret, Error **reterr);
