/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "images-tree.h"

#include <string.h>

#include "strv.h"
#include "table.h"
#include "text.h"

#define DEPTH_MAX (LAYERS_MAX + 1)

static const char *const headings[] = { "IMAGE", "TYPE", "OWN", "WHOLE", "LIMIT", NULL };

/* A line of the table; `stem` is what is drawn before it. */
static int add(Table *t, const char *stem, const char *name, const char *type, const ImageUsage *u) {
        char own[SIZE_TEXT_MAX], whole[SIZE_TEXT_MAX], limit[SIZE_TEXT_MAX];
        _cleanup_free_ char *first = NULL;

        if (asprintf(&first, "%s%s", stem, name) < 0)
                return -ENOMEM;
        return table_add(t, (const char *[]){ first, type, usage_text(u->own, own, sizeof(own)), usage_text(u->whole, whole, sizeof(whole)),
                                              usage_text(u->limit, limit, sizeof(limit)) });
}

/* What a layer is called: the image or the snapshots, or whose it was when it was made. */
static char *name_of(const LayerNode *node) {
        char *name = NULL;

        if (node->image)
                return strdup(node->image);
        if (node->snapshots)
                return strv_join(node->snapshots, ", ");
        return asprintf(&name, "(%.8s%s%s)", node->id, node->from ? ", once " : "", node->from ?: "") < 0 ? NULL : name;
}

static const Image *image_of(Image *const *images, size_t n, const char *name) {
        for (size_t i = 0; name && i < n; i++)
                if (strcmp(images[i]->name, name) == 0)
                        return images[i];
        return NULL;
}

typedef struct Drawing {
        Table *table;
        Image *const *images;
        size_t n;
        const LayerGraph *graph;
} Drawing;

static int add_layer(const Drawing *d, const LayerNode *node, const char *stem) {
        const Image *image = image_of(d->images, d->n, node->image);
        ImageUsage u = { .own = node->own, .whole = USAGE_UNKNOWN, .limit = USAGE_UNKNOWN };
        _cleanup_free_ char *name = name_of(node);

        if (!name)
                return -ENOMEM;
        if (image)
                u = image_usage(image, d->graph);
        return add(d->table, stem, name, node->image ? "layers" : node->snapshots ? "snapshot" : "base", &u);
}

static const LayerNode *next_child(const LayerGraph *g, const char *parent, const LayerNode *behind) {
        for (size_t i = behind ? (size_t) (behind - g->nodes) + 1 : 0; i < g->n; i++)
                if (strcmp(g->nodes[i].parent, parent) == 0)
                        return g->nodes + i;
        return NULL;
}

/* Those that stand on a layer, each with those on it; `before` is drawn before all of them. */
static int add_children(const Drawing *d, const char *parent, const char *before, unsigned depth) {
        const LayerNode *node = depth > 0 ? next_child(d->graph, parent, NULL) : NULL, *next;
        int r = 0;

        for (; r >= 0 && node; node = next) {
                _cleanup_free_ char *stem = NULL, *below = NULL;

                next = next_child(d->graph, parent, node);
                if (asprintf(&stem, "%s%s", before, !*parent ? "" : next ? "├─" : "└─") < 0 ||
                    asprintf(&below, "%s%s", before, !*parent ? "" : next ? "│ " : "  ") < 0)
                        return -ENOMEM;
                r = add_layer(d, node, stem);
                if (r >= 0)
                        r = add_children(d, node->id, below, depth - 1);
        }
        return r;
}

static int add_plain(Table *t, const Image *image, const LayerGraph *graph) {
        ImageUsage u = image_usage(image, graph);

        return add(t, "", image->name, image_type_name(image->type), &u);
}

int images_print_tree(Image *const *images, size_t n, ImageGraphs *graphs, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < n; i++) {
                const LayerGraph *graph = image_graph(graphs, images[i]);

                if (!layer_graph_image(graph, images[i]->name))
                        r = add_plain(t, images[i], graph);
        }
        for (size_t i = 0; r >= 0 && i < graphs->n; i++)
                r = add_children(&(Drawing){ t, images, n, graphs->graphs + i }, "", "", DEPTH_MAX);
        if (r < 0)
                return error_oom(reterr);
        table_print_or(t, "No images. `nbox create NAME --os=busybox` makes one.", stdout);
        return 0;
}
