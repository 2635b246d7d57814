/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "find.h"
#include "image-facts.h"
#include "json-text.h"
#include "layer-look.h"
#include "layer-origin.h"
#include "status.h"
#include "strv.h"

/* What a machine stands on, as far as the caller may look: who is not root is told less, and nothing fails. No sizes, which take long. */

static const LayerNode *layer_of(const Image *image, LayerGraph *graph) {
        _cleanup_free_ char *directory = strdup(image->path);
        char *slash = directory ? strrchr(directory, '/') : NULL;

        if (!*image->layer || !slash)
                return NULL;
        slash[slash == directory] = 0;
        return layer_graph_read(directory, false, graph, NULL) < 0 ? NULL : layer_graph_find(graph, image->layer);
}

void status_image(const char *path) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_strv_ char **origin = NULL;
        LayerGraph graph = {};
        const LayerNode *node;
        unsigned below = 0;

        if (!path || image_find(path, &image, NULL) < 0)
                return;
        node = layer_of(image, &graph);
        for (const LayerNode *n = node; n && below < LAYERS_MAX && (n = layer_graph_find(&graph, n->parent));)
                below++;
        node = node ? layer_graph_find(&graph, node->parent) : NULL;
        if (node)
                show_line("Image", "layers, on %.8s%s%s, %u below", node->id, node->from ? ", once " : "", node->from ?: "", below);
        else
                show_line("Image", "%s%s", image_type_name(image->type), image->read_only ? ", read-only" : "");
        if (image_origin(image, ORIGIN_URL, &origin, NULL) > 0)
                show_line("", "pulled from %s", layer_origin_get(origin, ORIGIN_URL));
        layer_graph_done(&graph);
}

json_t *status_image_json(const char *path) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_strv_ char **origin = NULL;

        if (!path || image_find(path, &image, NULL) < 0)
                return json_null();
        (void) image_origin(image, ORIGIN_URL, &origin, NULL);
        return json_pack("{s:o, s:s, s:o, s:b, s:o}", "path", json_text(image->path), "type", image_type_name(image->type),
                         "layer", json_text(*image->layer ? image->layer : NULL), "read_only", (int) image->read_only,
                         "url", json_text(layer_origin_get(origin, ORIGIN_URL)));
}
