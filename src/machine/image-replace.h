/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "lock.h"

struct ImageEntry; /* entry.h */

/* The name of a new image, free or taken from an old one (`--force`): for who makes one by new-image.h, which knows of no machines. The old
 * image is claimed from before the new one is begun until it has the name, so that nothing starts from it meanwhile. */

typedef struct ImageReplaced {
        struct ImageEntry *entry; /* NewImageWish.replace; NULL: the name was free */
        Image *image;
        ImageLock *lock;
} ImageReplaced;

/* -EEXIST where the name is taken, with --force in the hint, but for `force`; -EBUSY where a machine uses the old one, with its name. `in`:
 * the directory that the new one goes to: an old one in another place of the search path is not replaced. */
int image_replace_claim(const char *name, const char *in, bool force, ImageReplaced *ret, Error **reterr);

/* Let go; what was of its layers alone goes. Call it when the new one has its name, or after a failure. */
void image_replace_release(ImageReplaced *r);
