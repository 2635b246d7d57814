/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "find.h"

/* Disk images, as find.c finds them. */

#define DISK_SUFFIX ".raw"

/* By the path of a file or a block device; links of the host are followed. `name`: under which it was found, or NULL: by what its path says.
 * -ENOENT without an Error where nothing is there; -ENOTBLK: it is neither a file nor a block device. */
int image_open_disk(const char *path, const char *name, Image **ret, Error **reterr);
