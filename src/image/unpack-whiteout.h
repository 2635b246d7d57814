/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "unpack-place.h"

/* What a layer takes away from those below it. OCI has a file ".wh.NAME" for a name, and ".wh..wh..opq" for all of a directory's (image-spec,
 * "Layer Filesystem Changeset"); overlayfs has a character device 0/0 of that name, and an attribute of the directory. Both speak of layers below
 * only: what the same layer has under the name stands. */

/* Whether an entry's last component says such a thing, and do it, in the directory where we are: 1, 0, or -errno. */
int unpack_whiteout(UnpackPlace *p, const char *name, bool *is_top_opaque);

/* overlayfs never hides the top directories of layers: what the archive wants hidden there is, one by one. At the end. -errno. */
int unpack_hide_all_below(const UnpackPlace *p);

bool unpack_is_whiteout(int dir, const char *name);

/* In place of a whiteout: all below is hidden, and something is there. -errno. */
int unpack_make_opaque_directory(int dir, const char *name);

/* What the layers below have at the first n components, by no link. An fd or -errno. */
int unpack_open_below(const UnpackPlace *p, size_t n, int flags);
