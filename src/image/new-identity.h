/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* What tells one machine of the same tree from another, changed in a tree that nobody runs: its machine id (machine-id(5)) with D-Bus's
 * copy of it, and its host name. All else that a system makes once (host keys of ssh) is its own matter. */

typedef struct NewIdentity {
        const char *host_name; /* NULL: as it is */
        bool no_id;            /* the id is emptied, for the next boot to make one; else a new one is written */
} NewIdentity;

/* Only what is there is changed, as the kind of file that it is: owner, mode and attributes stay. A tree without an id, with an empty one,
 * or an "uninitialized" one, gets its own as it boots. `tree`: any fd of its top directory, beneath which all is opened. */
int tree_new_identity(int tree, const NewIdentity *wish, Error **reterr);

/* The same in a disk image that nobody uses, whose file this is (to be written); its path is for messages. 1, or 0 where its root cannot be
 * written to. Of its file systems only the root's. As root. */
int disk_new_identity(int file, const char *path, const NewIdentity *wish, Error **reterr);
