/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Whether users of the host other than root get to a tree's files. Root inside makes what it likes of them: where they are root's on disk,
 * a setuid program that it has made is the host's root's to whoever can execute it. A tree is closed where one of the directories above
 * it, or itself, lets nobody but root pass: by its owner, its mode and its ACL. It may be mounted in several places, and has to be
 * closed in each; but for those that are mounted nosuid.
 *
 * 1 with *ret_by the path that is open, which is the caller's; 0, or -errno. `path` is the tree's. What is looked at is the state of a
 * moment, for a warning: nothing depends on it. */
int tree_is_reachable(const char *path, char **ret_by);

/* A single directory: whether others than root can pass it. -errno where it cannot be looked at. */
int directory_is_open(const char *path);

/* Whether something is mounted on the tree or in it, as we see it: 1 with *ret_where one of the places, the caller's; 0, or -errno. */
int tree_has_mounts(const char *path, char **ret_where, Error **reterr);
