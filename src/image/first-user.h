/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* The first user of a new tree that nobody has run yet, and who may log in by a key. Written by us, for nothing of a tree is executed to
 * make it. */

/* Whether it can be a user's name, as useradd(8) has it. */
int first_user_check(const char *name, Error **reterr);

/* In passwd, shadow, group and gshadow: the first free id from 1000 on, a group of its own, no password that would fit, bash or else sh, a
 * home of its own with what /etc/skel has; and where sudo is installed, in its group. `root`: any fd of the tree's top directory.
 * -EEXIST: the tree has such a user or group. */
int first_user_add(int root, const char *name, Error **reterr);

/* authorized_keys of a user that first_user_add() made, or (NULL) of root. */
int ssh_keys_add(int root, const char *user, const char *keys, Error **reterr);
