/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "find.h"

/* An image's tree, mounted on a directory of the host's to look into it, with no machine: any image that image_find() finds. What is
 * mounted lets no one become another user by it (nosuid) and has no devices. */

struct PlaceAbout;

typedef struct PlaceRequest {
        const char *image;     /* a name, or a path */
        const char *directory; /* of the host's */
        bool read_only;
        bool own_layer;        /* of an image on layers: its own is written to */
        int (*about)(const struct PlaceAbout *what, void *userdata, Error **reterr); /* before it is attached; may be NULL */
        void *userdata;
} PlaceRequest;

typedef struct PlaceAbout {
        const Image *image;
        const char *point; /* the directory, resolved */
        int tree;          /* the mount, detached, and how it is: */
        bool read_only;
} PlaceAbout;

/* Whether it is to be read only, whatever is asked for, as far as can be told before: images on layers are. So the lock may be shared. */
bool image_place_is_read_only(const PlaceRequest *q, const Image *image);

/* The caller has the image's lock until this is done. *ret_read_only: how it is mounted. As root. */
int image_place(const PlaceRequest *q, bool *ret_read_only, Error **reterr);

/* Unmount what is mounted there, with all that is mounted in it. -EINVAL: nothing is; -EBUSY: somebody is in it. */
int image_unplace(const char *directory, Error **reterr);
