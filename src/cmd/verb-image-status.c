/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "identity.h"
#include "image-claim.h"
#include "image-facts.h"
#include "image-names.h"
#include "json-text.h"
#include "layer-look.h"
#include "layer-origin.h"
#include "log.h"
#include "machine-leases.h"
#include "pool.h"
#include "status.h"
#include "strv.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

/* nbox image-status: all there is to know of images, and of what stands on this host under their names. */

typedef struct About {
        Image *image;
        ImageEntry *entry; /* NULL: it is in no place for images */
        ImageNames names;
        Identity *identity;
        char **leases;
        char *machine;     /* that runs from it, or NULL */
        char **origin;     /* of the server that it was pulled from (layer-origin.h), or NULL */
        const LayerGraph *graph;
} About;

static void about_done(About *a) {
        image_free(a->image);
        image_entry_free(a->entry);
        image_names_done(&a->names);
        identity_free(a->identity);
        strv_free(a->leases);
        free(a->machine);
        strv_free(a->origin);
}

static int learn_names(About *a, const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = image_entry_find(name, &a->entry, &error);

        if (r == -EROFS || strchr(name, '/')) /* nothing of ours is for those */
                return 0;
        if (r < 0)
                return error_pass(reterr, r, &error);
        r = image_names_find(a->entry, &a->names, reterr);
        if (r >= 0 && a->names.machine)
                r = identity_load(a->names.machine, &a->identity, reterr);
        if (r >= 0 && a->names.machine)
                r = machine_leases_list(a->names.machine, &a->leases, reterr);
        return r;
}

static int learn(About *a, const char *name, ImageGraphs *graphs, Error **reterr) {
        bool ours;
        int r = image_find(name, &a->image, reterr);

        if (r < 0)
                return r;
        if (!strchr(name, '/') && string_set(&a->image->name, name) < 0) /* a link is shown under its own name */
                return error_oom(reterr);
        (void) image_user(a->image, &a->machine, &ours);
        a->graph = image_graph(graphs, a->image);
        r = image_origin(a->image, ORIGIN_URL, &a->origin, reterr);
        if (r < 0)
                return r;
        return learn_names(a, name, reterr);
}

static uint64_t created_usec(const About *a) {
        return a->entry ? a->entry->born_usec : 0;
}

/* ---- for programs ---- */

static json_t *names_json(char *const *names) {
        json_t *all = json_array();

        for (; names && *names; names++)
                (void) json_array_append_new(all, json_text(*names));
        return all;
}

static json_t *ids_json(const Identity *i) {
        if (!i || i->uids.count == 0)
                return json_null();
        return json_pack("{s:I, s:I}", "first", (json_int_t) i->uids.base, "count", (json_int_t) i->uids.count);
}

static json_t *about_json(const About *a) {
        json_t *j = image_facts_json(a->image, a->graph);

        if (j && json_object_update_new(j, json_pack("{s:I, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "created_usec", (json_int_t) created_usec(a),
                                                     "url", json_text(layer_origin_get(a->origin, ORIGIN_URL)),
                                                     "sha256", json_text(layer_origin_get(a->origin, ORIGIN_SHA256)),
                                                     "settings", names_json(a->names.settings), "enabled", (int) image_names_enabled(&a->names),
                                                     "machine", json_text(a->machine), "ids", ids_json(a->identity),
                                                     "addresses", names_json(a->leases))) < 0) {
                json_decref(j);
                return NULL;
        }
        return j;
}

/* ---- for people ---- */

static void show_size(const char *label, uint64_t bytes) {
        char text[SIZE_TEXT_MAX];

        if (bytes != USAGE_UNKNOWN)
                show_line(label, "%s", size_text(bytes, text));
}

static void show_usage(const About *a) {
        ImageUsage u = image_usage(a->image, a->graph);

        show_size("Size", u.whole);
        if (u.own != u.whole)
                show_size("Its own", u.own);
        show_size("Limit", u.limit);
}

static void show_layers(const About *a) {
        const LayerNode *node = *a->image->layer ? layer_graph_find(a->graph, a->image->layer) : NULL;
        _cleanup_strv_ char **sharers = NULL, **snapshots = image_snapshots(a->image, a->graph);
        _cleanup_free_ char *with = NULL, *list = snapshots ? strv_join(snapshots, ", ") : NULL;
        const char *label = "Stands on";

        for (node = node ? layer_graph_find(a->graph, node->parent) : NULL; node; node = layer_graph_find(a->graph, node->parent)) {
                _cleanup_free_ char *names = node->snapshots ? strv_join(node->snapshots, ", ") : NULL;
                char text[SIZE_TEXT_MAX];

                show_line(label, "%.8s, %s%s%s%s%s", node->id, size_text(node->own, text), node->from ? ", once " : "", node->from ?: "",
                          names ? ", " : "", names ?: "");
                label = "";
        }
        (void) layer_graph_sharers(a->graph, a->image->name, &sharers);
        with = sharers ? strv_join(sharers, ", ") : NULL;
        if (with)
                show_line("", "as %s do%s", with, sharers[1] ? "" : "es");
        if (list)
                show_line("Snapshots", "%s", list);
}

static void show_origin(const About *a) {
        const char *digest = layer_origin_get(a->origin, ORIGIN_SHA256);

        if (!a->origin)
                return;
        show_line("Came from", "%s", layer_origin_get(a->origin, ORIGIN_URL));
        if (digest)
                show_line("", "SHA-256 %s", digest);
}

static void show_host(const About *a) {
        show_lines("Settings", a->names.settings);
        if (a->entry)
                show_line("Starts", "%s", image_names_enabled(&a->names) ? "with the host" : "when it is told to");
        if (a->machine)
                show_line("In use", "by the machine '%s'", a->machine);
        if (a->identity && a->identity->uids.count > 0)
                show_line("Ids", "%u to %u", a->identity->uids.base, a->identity->uids.base + (a->identity->uids.count - 1));
        show_lines("Addresses", a->leases);
}

static int show(const About *a, Error **reterr) {
        OsRelease os = {};
        char name[512];

        if (image_os_release(a->image, &os) < 0)
                return error_oom(reterr);
        puts(show_text(a->image->name, name, sizeof(name)));
        show_line("Type", "%s%s", image_type_name(a->image->type), a->image->read_only ? ", read-only" : "");
        show_line("Path", "%s", a->image->path);
        if (os.pretty_name || os.id)
                show_line("OS", "%s", os.pretty_name ?: os.id);
        os_release_done(&os);
        show_time("Created", created_usec(a));
        show_time("Changed", a->image->changed_usec);
        show_usage(a);
        show_layers(a);
        show_origin(a);
        show_host(a);
        return 0;
}

static int show_one(const char *name, ImageGraphs *graphs, json_t *all, Error **reterr) {
        _cleanup_(about_done) About a = {};
        int r = learn(&a, name, graphs, reterr);

        if (r < 0)
                return r;
        if (!all)
                return show(&a, reterr);
        return json_array_append_new(all, about_json(&a)) < 0 ? error_oom(reterr) : 0;
}

/* Of all images together. */
static int show_pool(bool json, Error **reterr) {
        PoolUsage pool;
        int r = pool_usage(&pool, reterr);

        if (r < 0)
                return r;
        if (json)
                return json_print(pool_to_json(&pool), reterr);
        show_line("Path", "%s", POOL_DIRECTORY);
        show_size("Usage", pool.usage);
        show_size("Limit", pool.limit);
        return 0;
}

int verb_image_status(int argc, char **argv, Error **reterr) {
        _cleanup_(image_graphs_done) ImageGraphs graphs = {};
        VerbArgs args = verb_args(argc, argv);
        json_t *all;
        int r = verb_operands(&args, 0, -1, reterr);

        if (r < 0)
                return r;
        if (args.n_operands == 0)
                return show_pool(args.json, reterr);
        all = args.json ? json_array() : NULL;
        for (int i = 0; r >= 0 && i < args.n_operands; i++) {
                if (i > 0 && !all)
                        putchar('\n');
                r = show_one(args.operands[i], &graphs, all, reterr);
        }
        if (r < 0 || !all) {
                json_decref(all);
                return r;
        }
        if (args.n_operands > 1)
                return json_print(all, reterr);
        r = json_print(json_incref(json_array_get(all, 0)), reterr);
        json_decref(all);
        return r;
}
