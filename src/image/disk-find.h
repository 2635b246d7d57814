/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "find.h"

/* Disk images, as find.c finds them. */

#define DISK_SUFFIX ".raw"

/* How long the image's name is that a file of this name would have, or 0: it has not the suffix. */
size_t disk_name_length(const char *file);

/* By the path of a file or a block device; links of the host are followed. `name`: under which it was found, when that was without the
 * suffix, or NULL. -ENOTBLK: it is neither a file nor a block device, or a file without the suffix that was found by a name. */
int image_open_disk(const char *path, const char *name, Image **ret, Error **reterr);

/* NAME.raw in a directory of the search path: 1, or 0 where there is none. */
int disk_find_beside(const char *directory, const char *name, Image **ret, Error **reterr);
