/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "find.h"
#include "layer-graph.h"

/* How much of a disk an image takes. */

#define USAGE_UNKNOWN UINT64_MAX

typedef struct ImageUsage {
        uint64_t own;   /* bytes on disk that are its own: on layers, those of its writable one; of a subvolume, what no other shares */
        uint64_t whole; /* with all that it stands on; of a disk image, as large as the machine sees it */
        uint64_t limit; /* that it may take, see quota.h; USAGE_UNKNOWN: none */
} ImageUsage;

/* `graph`: of the directory that it lies in, with sizes. Trees are gone through file by file, which takes its time. What may not be read is
 * unknown. */
ImageUsage image_usage(const Image *image, const LayerGraph *graph);
