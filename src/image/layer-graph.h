/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "store.h"

/* Who stands on whom, in one store: its layers that anything refers to, each with what it is called by. To look at; nothing is held. */

typedef struct LayerNode {
        char id[LAYER_ID_SIZE];
        char parent[LAYER_ID_SIZE]; /* "": none */
        char *from;                 /* the image that it was made for, by its name of then; or NULL */
        uint64_t made_usec;
        uint64_t own;               /* bytes on disk; 0 unless they were asked for */
        char *image;                /* whose own, writable one it is; or NULL */
        char **snapshots;           /* "IMAGE@SNAPSHOT"; NULL: none */
} LayerNode;

typedef struct LayerGraph {
        LayerNode *nodes; /* a parent before those that stand on it */
        size_t n;
} LayerGraph;

void layer_graph_done(LayerGraph *g);

/* Of the store of a directory; one that has none has an empty graph. Layers that cannot be read are left out. */
int layer_graph_read(const char *directory, bool sizes, LayerGraph *ret, Error **reterr);

const LayerNode *layer_graph_find(const LayerGraph *g, const char *id);
const LayerNode *layer_graph_image(const LayerGraph *g, const char *image);

/* Whether `id` is one of those that `node` stands on, or itself. */
bool layer_stands_on(const LayerGraph *g, const LayerNode *node, const char *id);

/* The names of the other images that stand on what this one stands on; *ret is the caller's. */
int layer_graph_sharers(const LayerGraph *g, const char *image, char ***ret);
