/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "image-facts.h"
#include "images-tree.h"
#include "layer-look.h"
#include "log.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

/* nbox images: the trees that boot by name. */

static const char *const headings[] = { "NAME", "TYPE", "RO", "OWN", "CHANGED", "OS", "PATH", NULL };

enum { OPT_NO_LEGEND = 256, OPT_TREE };

const VerbOption images_options[] = {
        { { .name = "quiet", .letter = 'q' }, 'q', "Show names only" },
        { { .name = "no-legend" }, OPT_NO_LEGEND, "Show no heading and no count" },
        { { .name = "all", .letter = 'a' }, 'a', "Show hidden ones, and the host's own tree" },
        { { .name = "tree" }, OPT_TREE, "Show who stands on whom, snapshots, and what is each one's own" },
        {},
};

static int print_json(Image **images, size_t n, ImageGraphs *graphs, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(all, image_facts_json(images[i], image_graph(graphs, images[i]))) < 0) {
                        json_decref(all);
                        return error_oom(reterr);
                }
        return json_print(all, reterr);
}

static int add_row(Table *t, const Image *i, const LayerGraph *graph) {
        ImageUsage usage = image_usage(i, graph);
        char own[SIZE_TEXT_MAX];
        time_t changed = (time_t) (i->changed_usec / 1000000);
        char when[64] = "";
        OsRelease os = {};
        struct tm tm;
        int r;

        if (image_os_release(i, &os) < 0)
                return -ENOMEM;
        if (localtime_r(&changed, &tm))
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
        r = table_add(t, (const char *[]){ i->name, image_type_name(i->type), i->read_only ? "yes" : "no",
                                             usage_text(usage.own, own, sizeof(own)), when, os.pretty_name ?: os.id, i->path });
        os_release_done(&os);
        return r;
}

static int print_table(Image **images, size_t n, bool plain, ImageGraphs *graphs, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);

        if (!t)
                return error_oom(reterr);
        if (n == 0) {
                if (!plain)
                        puts("No images. `nbox create NAME --os=busybox` makes one.");
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                if (add_row(t, images[i], image_graph(graphs, images[i])) < 0)
                        return error_oom(reterr);
        table_print(t, stdout, plain);
        if (!plain)
                printf("\n%zu image%s listed.\n", n, n == 1 ? "" : "s");
        return 0;
}

static int print_names(Image **images, size_t n) {
        char name[256];

        for (size_t i = 0; i < n; i++)
                puts(show_text(images[i]->name, name, sizeof(name)));
        return 0;
}

typedef struct Wishes {
        bool plain, quiet, all, tree, json;
} Wishes;

static int print(const Wishes *w, Image **images, size_t n, Error **reterr) {
        _cleanup_(image_graphs_done) ImageGraphs graphs = {};

        if (w->json)
                return print_json(images, n, &graphs, reterr);
        if (w->quiet)
                return print_names(images, n);
        if (w->tree)
                return images_print_tree(images, n, &graphs, reterr);
        return print_table(images, n, w->plain, &graphs, reterr);
}

static int parse(int argc, char **argv, Wishes *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case 'q':
                        ret->quiet = true;
                        break;
                case 'a':
                        ret->all = true;
                        break;
                case OPT_TREE:
                        ret->tree = true;
                        break;
                default:
                        ret->plain = true;
                }
        ret->json = args.json;
        return r < 0 ? r : verb_check_operands(&args, 0, 0, reterr);
}

int verb_images(int argc, char **argv, Error **reterr) {
        Image **images = NULL;
        Wishes wishes = {};
        size_t n = 0;
        int r;

        r = parse(argc, argv, &wishes, reterr);
        if (r >= 0)
                r = wishes.all ? image_list_all(&images, &n, reterr) : image_list(&images, &n, reterr);
        if (r < 0)
                return r;
        if (access(IMAGE_DIRECTORY, R_OK | X_OK) < 0 && errno == EACCES)
                log_warning("Only root may look into " IMAGE_DIRECTORY ", leaving it out");
        r = print(&wishes, images, n, reterr);
        image_list_free(images, n);
        return r;
}
