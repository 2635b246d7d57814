/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Giving a tree of files one SELinux context.
 *
 * A directory gets it after all that is below it. So the label of the root says that all is done, and where this is cut short, by
 * SIGKILL too, the next one passes over what already has been: the tree itself keeps how far it got.
 *
 * The tree is hostile: entries are opened one by one beneath their directory, no link is followed, no device or fifo
 * is opened but by O_PATH, no mount is entered (what is mounted in the tree is somebody's else), and a tree that is too deep
 * is refused. */

typedef struct RelabelWatch {
        bool (*stop)(void *userdata); /* asked now and then: true ends it with -ECANCELED; may be NULL */
        void *userdata;
} RelabelWatch;

/* One file, by an fd of it that is not O_PATH. */
int file_label_set(int fd, const char *context);

/* Whether the root (any fd of it) has that context: then there is nothing to do. */
bool relabel_is_done(int root, const char *context);

/* Returns 0, or -errno: -EOPNOTSUPP, the file system keeps no labels; -EROFS, it is not written to; -ECANCELED. `ret_changed` is how many
 * files got another label. */
int relabel_tree(int root, const char *context, const RelabelWatch *watch, uint64_t *ret_changed, Error **reterr);
