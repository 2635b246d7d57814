/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Making trees. A tree is built as .#nbox-NAME.tmp beside its place, and renamed when it is whole: what has a name is a
 * tree that boots. The builder holds a lock (flock) on the temporary one, so that one without a holder is known for a dead
 * builder's, and removed by the next create or gc. */

typedef struct CreateRequest {
        const char *name;      /* a valid machine name */
        const char *directory; /* where the tree itself shall be, absolute or relative; NULL: IMAGE_DIRECTORY/name */
        const char *os;        /* "busybox", "debian", "debian:trixie" */
        const char *mirror;    /* for debian: URL, or NULL for the builder's own default */
} CreateRequest;

/* Make it. SIGINT, SIGTERM and SIGHUP are taken meanwhile: they end it with -EINTR, nothing left. Needs root. Moves the
 * process into a mount namespace of its own. *ret_path is the tree's path, *ret_note what to tell the user of how to
 * log in; both the caller's. */
int image_create(const CreateRequest *request, char **ret_path, char **ret_note, Error **reterr);

/* Remove what dead builders left in a directory. Returns how many, or -errno; no directory is none. */
int image_create_sweep(const char *directory);
