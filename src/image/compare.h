/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

#include "error.h"

/* What is different between two trees.
 *
 * A file is different by its kind, contents, mode, owner, extended attributes (ACLs and capabilities are some), target or device number.
 * Times alone are no difference: a file that was written with what it had, or copied up by overlayfs, is as it was. A directory is
 * different by what it is itself, not by what is in it. Hard links are not told from copies. */

typedef enum DifferenceKind {
        DIFFERENCE_ADDED,   /* with all that is in it, each by itself */
        DIFFERENCE_CHANGED,
        DIFFERENCE_DELETED, /* with all that was in it, which is not reported */
} DifferenceKind;

typedef enum DifferenceOf {
        DIFFERENT_KIND = 1 << 0,
        DIFFERENT_CONTENTS = 1 << 1,
        DIFFERENT_MODE = 1 << 2,
        DIFFERENT_OWNER = 1 << 3,
        DIFFERENT_ATTRIBUTES = 1 << 4,
        DIFFERENT_TARGET = 1 << 5, /* a link's */
        DIFFERENT_DEVICE = 1 << 6,
} DifferenceOf;

typedef struct Difference {
        DifferenceKind kind;
        unsigned of;      /* DifferenceOf, of what is changed */
        const char *path; /* within the trees, "/" first; as hostile as whoever made it */
} Difference;

typedef struct CompareRequest {
        int before, after; /* directories, any fds */
        /* Of two overlays: the layers that not both have, as directories. Only where these have something can there be a difference, and
         * there contents are read. None: all is looked at, and files of one size and time of change, to the nanosecond, are taken for
         * alike. */
        const int *layers;
        size_t n_layers;
        int (*found)(const Difference *d, void *userdata); /* sorted by path, directories before what is in them; -errno ends it */
        void *userdata;
} CompareRequest;

/* Both may be somebody's who is hostile, and who changes them meanwhile: what vanishes is left out. Other mounts in them are. */
int tree_compare(const CompareRequest *q, Error **reterr);
