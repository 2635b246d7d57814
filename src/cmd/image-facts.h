/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <jansson.h>

#include "find.h"
#include "layer-graph.h"
#include "pool.h"
#include "usage.h"

/* What `images` and `image-status` show of an image. */

/* The graphs of the directories that images lie in, each read once. */
typedef struct ImageGraphs {
        char *directories[8];
        LayerGraph graphs[8];
        size_t n;
} ImageGraphs;

void image_graphs_done(ImageGraphs *g);

/* Of the directory that an image lies in, with sizes; one that cannot be read, as by other users than root, is empty. */
const LayerGraph *image_graph(ImageGraphs *g, const Image *image);

/* "12.3 MiB", or "" for what is not known. */
const char *usage_text(uint64_t bytes, char *buf, size_t size);

/* Its snapshots, without its name, sorted; the caller's. NULL: none, or out of memory. */
char **image_snapshots(const Image *image, const LayerGraph *graph);

/* Of all images together. NULL on out of memory. */
json_t *pool_to_json(const PoolUsage *pool);

/* NULL on out of memory. */
json_t *image_facts_json(const Image *image, const LayerGraph *graph);
