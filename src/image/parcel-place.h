/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "error.h"

/* A name in a directory for what is being made: its own at once where nobody else knows the directory yet, else a hidden one until it is
 * whole. Works without /proc. */

typedef struct ParcelPlace {
        int dir;                    /* not owned */
        char name[NAME_MAX + 1];    /* what it will be called */
        char made[NAME_MAX + 1];    /* under which it is made */
        bool replace;               /* take the place of what has the name */
} ParcelPlace;

/* -ENAMETOOLONG. */
int parcel_place_init(ParcelPlace *p, int dir, const char *name, bool is_hidden, bool replace);

/* It is whole. -EEXIST, -EISDIR: something is there. */
int parcel_place_publish(const ParcelPlace *p);

/* Remove what was made, a directory with all that is in it; best effort. */
void parcel_place_discard(const ParcelPlace *p);

/* A directory by its path, as a machine (no magic links) or anybody would follow it: an fd or -errno. */
int parcel_open_directory(const char *path, bool is_guest);

/* Link what is at `path` beneath root, no link followed, to that place. */
int parcel_link(int root, const char *path, const ParcelPlace *p);
