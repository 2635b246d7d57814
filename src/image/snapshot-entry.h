/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "store.h"

/* What snapshots of an image are called on disk; see snapshot.h. */

/* The image's name in its directory. */
const char *image_entry_name(const Image *image);

/* The directory of an image's snapshots, O_RDONLY. -ENOENT without an Error where there is none and `make` is not set. */
int snapshots_open(const Store *s, const Image *image, bool make, Error **reterr);

/* On which snapshot one stands, or the image (NULL), as it is written there: the caller's; NULL where nothing is. */
char *stands_on(int snapshots, const char *snapshot);

/* Write it down; on NULL or "": nothing. It is a hint for people: failing is warned about. With the store's lock. */
void stand_on(int snapshots, const char *snapshot, const char *on);
