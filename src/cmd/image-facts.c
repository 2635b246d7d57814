/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-facts.h"

#include <string.h>

#include "json-text.h"
#include "layer-look.h"
#include "strv.h"
#include "text.h"

void image_graphs_done(ImageGraphs *g) {
        for (size_t i = 0; i < g->n; i++) {
                free(g->directories[i]);
                layer_graph_done(g->graphs + i);
        }
}

const LayerGraph *image_graph(ImageGraphs *g, const Image *image) {
        static const LayerGraph none;
        size_t length = (size_t) (strrchr(image->path, '/') - image->path);
        char *directory;

        for (size_t i = 0; i < g->n; i++)
                if (strlen(g->directories[i]) == length && strncmp(g->directories[i], image->path, length) == 0)
                        return g->graphs + i;
        if (g->n >= ELEMENTSOF(g->graphs) || !(directory = strndup(image->path, length ? length : 1)))
                return &none;
        (void) layer_graph_read(directory, true, g->graphs + g->n, NULL);
        g->directories[g->n] = directory;
        return g->graphs + g->n++;
}

const char *usage_text(uint64_t bytes, char *buf, size_t size) {
        char text[SIZE_TEXT_MAX];

        snprintf(buf, size, "%s", bytes == USAGE_UNKNOWN ? "" : size_text(bytes, text));
        return buf;
}

char **image_snapshots(const Image *image, const LayerGraph *graph) {
        _cleanup_strv_ char **names = NULL;
        size_t length = strlen(image->name);

        for (size_t i = 0; i < graph->n; i++)
                for (char **s = graph->nodes[i].snapshots; s && *s; s++)
                        if (strncmp(*s, image->name, length) == 0 && (*s)[length] == '@' && strv_append(&names, *s + length + 1) < 0)
                                return NULL;
        strv_sort(names);
        return TAKE_PTR(names);
}

static json_t *bytes_json(uint64_t bytes) {
        return bytes == USAGE_UNKNOWN ? json_null() : json_integer((json_int_t) bytes);
}

static json_t *names_json(char *const *names) {
        json_t *all = json_array();

        for (; names && *names; names++)
                (void) json_array_append_new(all, json_text(*names));
        return all;
}

/* What it stands on, its own layer first. */
static json_t *layers_json(const Image *image, const LayerGraph *graph) {
        const LayerNode *node = *image->layer ? layer_graph_find(graph, image->layer) : NULL;
        json_t *all = json_array();

        for (size_t i = 0; node && i <= LAYERS_MAX; i++, node = layer_graph_find(graph, node->parent))
                (void) json_array_append_new(all, json_pack("{s:s, s:o, s:I, s:o, s:o}", "id", node->id, "from", json_text(node->from),
                                                            "made_usec", (json_int_t) node->made_usec, "own_bytes", bytes_json(node->own),
                                                            "snapshots", names_json(node->snapshots)));
        return all;
}

json_t *pool_to_json(const PoolUsage *pool) {
        return json_pack("{s:s, s:o, s:o}", "path", POOL_DIRECTORY, "usage_bytes", bytes_json(pool->usage), "limit_bytes", bytes_json(pool->limit));
}

json_t *image_facts_json(const Image *image, const LayerGraph *graph) {
        _cleanup_strv_ char **sharers = NULL, **snapshots = image_snapshots(image, graph);
        ImageUsage usage = image_usage(image, graph);
        OsRelease os = {};
        json_t *j;

        if (image_os_release(image, &os) < 0)
                return NULL;
        (void) layer_graph_sharers(graph, image->name, &sharers);
        j = json_pack("{s:o, s:s, s:b, s:I, s:o, s:o, s:o, s:o}", "name", json_text(image->name), "type", image_type_name(image->type),
                      "read_only", (int) image->read_only, "changed_usec", (json_int_t) image->changed_usec,
                      "os", json_text(os.pretty_name ?: os.id), "os_id", json_text(os.id), "os_version_id", json_text(os.version_id),
                      "path", json_text(image->path));
        os_release_done(&os);
        if (j && json_object_update_new(j, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "own_bytes", bytes_json(usage.own),
                                                     "whole_bytes", bytes_json(usage.whole), "limit_bytes", bytes_json(usage.limit),
                                                     "layers", layers_json(image, graph), "shares_with", names_json(sharers),
                                                     "snapshots", names_json(snapshots))) < 0) {
                json_decref(j);
                return NULL;
        }
        return j;
}
