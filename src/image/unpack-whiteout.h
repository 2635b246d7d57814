/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "unpack-place.h"

/* What a layer takes away from those below it. OCI has a file ".wh.NAME" for a name, and ".wh..wh..opq" for all of a directory's (image-spec,
 * "Layer Filesystem Changeset"); overlayfs has a character device 0/0 of that name, and an attribute of the directory. Both speak of layers below
 * only: what the same layer has under the name stands. */

typedef enum UnpackWhiteout {
        WHITEOUT_NONE,       /* it is a file */
        WHITEOUT_NAME,
        WHITEOUT_OPAQUE,
        WHITEOUT_OF_NOTHING, /* the layers below have no such name (or there are none) */
        WHITEOUT_WRONG,      /* it is of ".", ".." or nothing */
} UnpackWhiteout;

/* What the last component of the path at hand says. */
UnpackWhiteout unpack_whiteout_kind(UnpackPlace *p, const char *name);

/* WHITEOUT_NAME or WHITEOUT_OPAQUE, in the directory where we are. -errno. */
int unpack_whiteout(UnpackPlace *p, const char *name, UnpackWhiteout kind);

/* When all of the layer is there. -errno. */
int unpack_finish_whiteouts(const UnpackPlace *p);

bool unpack_is_whiteout(int dir, const char *name);

/* In place of a whiteout: all below is hidden, and something is there. -errno. */
int unpack_make_opaque_directory(UnpackPlace *p, int dir, const char *name);

/* What the layers below have at the first n components, by no link. An fd or -errno. */
int unpack_open_below(const UnpackPlace *p, size_t n, int flags);
