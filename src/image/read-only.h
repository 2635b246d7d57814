/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "find.h"

/* The mark that an image must not be written to, where machinectl(1) puts and looks for it: the attribute of a tree's top directory that
 * makes it immutable (chattr(1)), a subvolume's own flag, the mode of a disk image's file. A machine boots from such an image as with
 * --read-only. */

int image_set_read_only(const Image *image, bool on, Error **reterr);

/* The attribute of an entry in a directory, links not followed: neither renamed nor removed while it is set. A file system that has none
 * is one on which it is not set, and to set it there is no error. 0 or -errno. */
int immutable_set(int dir, const char *name, bool on);
bool immutable_is_set(int dir, const char *name);
