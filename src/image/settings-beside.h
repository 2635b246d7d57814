/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* The settings file that lies beside an image, and belongs to it: what it says of itself. */

/* DIRECTORY/NAME.nspawn of an image's path (of a disk image without ".raw"). *ret is the caller's. -ENOMEM. */
int settings_beside(const char *image_path, char **ret);

/* Those of an image for another one, that is made of it. Where there are none, or the other has some already, nothing is done. */
int settings_beside_copy(const char *from_image, const char *to_image, Error **reterr);
