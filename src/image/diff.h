/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "compare.h"
#include "error.h"
#include "find.h"
#include "snapshot.h"

/* What is different between an image as it is now and what it was, or another one. */

typedef struct DiffRequest {
        const Image *image;
        const Snapshot *snapshot; /* of that image; or */
        const Image *other;       /* NULL with no snapshot, of an image on layers: all that it stands on */
        int (*found)(const Difference *d, void *userdata); /* as in compare.h */
        void *userdata;
} DiffRequest;

/* Two images on layers of one store are compared where their layers are not the same ones, others as a whole. The caller is root, in a
 * private mount namespace. Whoever writes to one of them meanwhile (a machine that runs) may be seen half-way. */
int image_diff(const DiffRequest *q, Error **reterr);
