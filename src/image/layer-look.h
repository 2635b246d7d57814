/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "find.h"
#include "tree.h"

/* Looking into an image on layers without mounting anything: for lists, which go through all images there are, and must neither take long
 * nor leave the caller's mount namespace. */

/* A regular file of the image as its root would see it; links of the tree are followed. *ret is NUL-terminated and the caller's. -EFBIG
 * beyond max. */
int layers_read_file(const Image *image, const char *path, size_t max, char **ret);

/* As tree_os_release(), of any image; of a disk's, nothing. */
int image_os_release(const Image *image, OsRelease *ret);
