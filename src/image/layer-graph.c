/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layer-graph.h"

#include <string.h>

#include "copy.h"
#include "fd.h"
#include "layer-info.h"
#include "strv.h"
#include "text.h"

static void node_done(LayerNode *n) {
        free(n->from);
        free(n->image);
        strv_free(n->snapshots);
}

void layer_graph_done(LayerGraph *g) {
        for (size_t i = 0; i < g->n; i++)
                node_done(g->nodes + i);
        free(g->nodes);
        *g = (LayerGraph) {};
}

static LayerNode *find(const LayerGraph *g, const char *id) {
        for (size_t i = 0; i < g->n; i++)
                if (strcmp(g->nodes[i].id, id) == 0)
                        return g->nodes + i;
        return NULL;
}

const LayerNode *layer_graph_find(const LayerGraph *g, const char *id) {
        return find(g, id);
}

const LayerNode *layer_graph_image(const LayerGraph *g, const char *image) {
        for (size_t i = 0; i < g->n; i++)
                if (g->nodes[i].image && strcmp(g->nodes[i].image, image) == 0)
                        return g->nodes + i;
        return NULL;
}

static int add_node(LayerGraph *g, const Layer *l, bool sizes) {
        LayerNode *p = reallocarray(g->nodes, g->n + 1, sizeof(*p));
        uint64_t files;

        if (!p)
                return -ENOMEM;
        g->nodes = p;
        p += g->n;
        *p = (LayerNode){ .made_usec = l->made_usec };
        memcpy(p->id, l->id, sizeof(p->id));
        memcpy(p->parent, l->parent, sizeof(p->parent));
        if (string_set(&p->from, l->from) < 0)
                return -ENOMEM;
        g->n++;
        if (sizes)
                (void) tree_size(l->tree, &p->own, &files);
        return 0;
}

/* A layer and all that it stands on, the base first. 0 also where they cannot be read. */
static int add_chain(LayerGraph *g, const Store *s, const char *id, bool sizes) {
        Layer **chain = NULL;
        size_t n = 0;
        int r = 0;

        if (find(g, id) || layer_chain(s, id, &chain, &n, NULL) < 0)
                return 0;
        for (size_t i = n; r >= 0 && i > 0; i--)
                if (!find(g, chain[i - 1]->id))
                        r = add_node(g, chain[i - 1], sizes);
        layer_chain_free(chain, n);
        return r;
}

static int add_image(LayerGraph *g, const Store *s, const char *name, bool sizes) {
        char id[LAYER_ID_SIZE];
        LayerNode *node;

        if (layer_read_link(s->parent, name, id) <= 0)
                return 0;
        if (add_chain(g, s, id, sizes) < 0)
                return -ENOMEM;
        node = find(g, id);
        return node ? string_set(&node->image, name) : 0;
}

static int add_snapshot(LayerGraph *g, const Store *s, DIR *d, const char *image, const char *snapshot, bool sizes) {
        char id[LAYER_ID_SIZE];
        LayerNode *node;

        if (layer_read_snapshot_link(dirfd(d), snapshot, id) <= 0)
                return 0;
        if (add_chain(g, s, id, sizes) < 0)
                return -ENOMEM;
        node = find(g, id);
        /* an image's own: one that was never finished */
        return node && !node->image ? strv_appendf(&node->snapshots, "%s@%s", image, snapshot) : 0;
}

static int add_snapshots_of(LayerGraph *g, const Store *s, DIR *all, const char *image, bool sizes) {
        _cleanup_closedir_ DIR *d = fd_opendir(dirfd(all), image);
        int r = 0;

        for (struct dirent *e; r >= 0 && d && (e = readdir(d));)
                r = e->d_name[0] == '.' ? 0 : add_snapshot(g, s, d, image, e->d_name, sizes);
        return r;
}

static int add_all(LayerGraph *g, const Store *s, bool sizes) {
        _cleanup_closedir_ DIR *images = fd_opendir(s->parent, "."), *snapshots = fd_opendir(s->fd, "snapshots");
        int r = 0;

        for (struct dirent *e; r >= 0 && images && (e = readdir(images));)
                r = e->d_name[0] == '.' ? 0 : add_image(g, s, e->d_name, sizes);
        for (struct dirent *e; r >= 0 && snapshots && (e = readdir(snapshots));)
                r = e->d_name[0] == '.' ? 0 : add_snapshots_of(g, s, snapshots, e->d_name, sizes);
        for (size_t i = 0; i < g->n; i++)
                strv_sort(g->nodes[i].snapshots);
        return r;
}

int layer_graph_read(const char *directory, bool sizes, LayerGraph *ret, Error **reterr) {
        _cleanup_(layer_graph_done) LayerGraph g = {};
        _cleanup_(store_freep) Store *s = NULL;
        int r = store_open(directory, false, &s, reterr);

        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0 && add_all(&g, s, sizes) < 0)
                return error_oom(reterr);
        *ret = g;
        g = (LayerGraph) {};
        return 0;
}

bool layer_stands_on(const LayerGraph *g, const LayerNode *node, const char *id) {
        for (size_t i = 0; node && i <= LAYERS_MAX; i++) {
                if (strcmp(node->id, id) == 0)
                        return true;
                node = find(g, node->parent);
        }
        return false;
}

int layer_graph_sharers(const LayerGraph *g, const char *image, char ***ret) {
        const LayerNode *own = layer_graph_image(g, image);
        _cleanup_strv_ char **names = NULL;

        for (size_t i = 0; own && *own->parent && i < g->n; i++) {
                const LayerNode *other = g->nodes + i;

                /* The base of both is the same: whatever else they share, they share that. */
                for (const LayerNode *base = find(g, own->parent); other != own && other->image && base; base = find(g, base->parent))
                        if (layer_stands_on(g, other, base->id)) {
                                if (strv_append(&names, other->image) < 0)
                                        return -ENOMEM;
                                break;
                        }
        }
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}
