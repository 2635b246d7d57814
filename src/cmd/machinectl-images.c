/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "image-facts.h"
#include "layer-look.h"
#include "log.h"
#include "machinectl.h"
#include "parse.h"
#include "pool.h"
#include "table.h"
#include "verb-list.h"

/* machinectl list-images, image-status and show-image, as the original prints them. What it calls a directory is one on layers, too. */

typedef struct ImageTimes {
        uint64_t created, modified; /* CLOCK_REALTIME; 0: not known */
} ImageTimes;

static uint64_t usec_of(const struct statx_timestamp *t) {
        return (uint64_t) t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

/* Of what bears the name; of a directory, modification says nothing of what is in it. */
static ImageTimes times_of(const Image *i) {
        struct statx st;

        if (statx(AT_FDCWD, i->path, AT_STATX_SYNC_AS_STAT, STATX_MTIME | STATX_BTIME, &st) < 0)
                return (ImageTimes){};
        return (ImageTimes){ .created = st.stx_mask & STATX_BTIME ? usec_of(&st.stx_btime) : usec_of(&st.stx_mtime),
                             .modified = i->type == IMAGE_DISK ? usec_of(&st.stx_mtime) : 0 };
}

static const char *type_of(const Image *i) {
        return i->type == IMAGE_LAYERED ? image_type_name(IMAGE_TREE) : image_type_name(i->type);
}

/* Walking through a tree takes its time, and the original does not do it: what is not known at once is not known. */
static ImageUsage usage_of(const Image *i, ImageGraphs *graphs) {
        ImageUsage none = { USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN };
        struct stat st;

        if (i->type == IMAGE_DISK) {
                if (fstat(i->fd, &st) < 0)
                        return none;
                return (ImageUsage){ (uint64_t) st.st_blocks * 512, (uint64_t) st.st_blocks * 512, (uint64_t) st.st_size };
        }
        return i->type == IMAGE_TREE ? none : image_usage(i, image_graph(graphs, i));
}

/* ---- list-images ---- */

typedef struct Usages {
        char (*texts)[BYTES_TEXT_MAX];
        size_t width;
} Usages;

static int usages_read(Image **images, size_t n, ImageGraphs *graphs, bool plain, Usages *ret) {
        ret->texts = calloc(n + 1, sizeof(*ret->texts));
        ret->width = plain ? 1 : strlen("USAGE");
        for (size_t i = 0; ret->texts && i < n; i++) {
                size_t width = strlen(bytes_text(usage_of(images[i], graphs).whole, ret->texts[i]));

                if (width > ret->width)
                        ret->width = width;
        }
        return ret->texts ? 0 : -ENOMEM;
}

static int add_row(Table *t, const Image *i, const char *usage, size_t width) {
        char created[TIME_TEXT_MAX], modified[TIME_TEXT_MAX], padded[BYTES_TEXT_MAX];
        ImageTimes times = times_of(i);

        snprintf(padded, sizeof(padded), "%*s", (int) width, usage);
        return table_add(t, (const char *[]){ i->name, type_of(i), i->read_only ? "yes" : "no", padded, time_text(times.created, created),
                                              time_text(times.modified, modified) });
}

static int print_table(const MachinectlArgs *a, Image **images, size_t n, ImageGraphs *graphs, Error **reterr) {
        static const char *const headings[] = { "NAME", "TYPE", "RO", "USAGE", "CREATED", "MODIFIED", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);
        Usages usages = {};
        int r = t ? usages_read(images, n, graphs, a->no_legend, &usages) : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_row(t, images[i], usages.texts[i], usages.width);
        free(usages.texts);
        if (r < 0)
                return error_oom(reterr);
        if (n > 0)
                table_print(t, stdout, a->no_legend);
        if (!a->no_legend && n > 0)
                printf("\n%zu images listed.\n", n);
        else if (!a->no_legend)
                puts("No images.");
        return 0;
}

static int print_json(Image **images, size_t n, ImageGraphs *graphs, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < n; i++) {
                uint64_t usage = usage_of(images[i], graphs).whole;
                ImageTimes times = times_of(images[i]);

                (void) json_array_append_new(all, json_pack("{s:o, s:s, s:b, s:o, s:I, s:I}", "name", json_text(images[i]->name), "type", type_of(images[i]),
                                                            "ro", (int) images[i]->read_only,
                                                            "usage", usage == USAGE_UNKNOWN ? json_null() : json_integer((json_int_t) usage),
                                                            "created", (json_int_t) times.created, "modified", (json_int_t) times.modified));
        }
        return json_print(all, reterr);
}

int machinectl_list_images(const MachinectlArgs *a, Error **reterr) {
        _cleanup_(image_graphs_done) ImageGraphs graphs = {};
        Image **images = NULL;
        size_t n = 0;
        int r = a->all ? image_list_all(&images, &n, reterr) : image_list(&images, &n, reterr);

        if (r >= 0)
                r = a->json ? print_json(images, n, &graphs, reterr) : print_table(a, images, n, &graphs, reterr);
        image_list_free(images, n);
        return r;
}

/* ---- show-image, image-status ---- */

/* The host's own tree is no image that anything could be done with: it is only shown. */
static int find(const char *name, Image **ret, Error **reterr) {
        if (!strcmp(name, IMAGE_OF_HOST) == 0)
                return image_find(name, ret, reterr);
        return image_of_host(ret, reterr);
}

static void print_limit(const PropertyPrinter *p, const char *name, uint64_t bytes) {
        if (bytes == USAGE_UNKNOWN)
                print_property(p, name, "infinity");
        else
                print_property(p, name, "%" PRIu64, bytes);
}

static void print_image(const PropertyPrinter *p, const Image *i, ImageGraphs *graphs) {
        ImageUsage usage = usage_of(i, graphs);
        ImageTimes times = times_of(i);

        print_property(p, "Name", "%s", i->name);
        print_property(p, "Path", "%s", i->path);
        print_property(p, "Type", "%s", type_of(i));
        print_property(p, "ReadOnly", "%s", i->read_only ? "yes" : "no");
        print_time_property(p, "CreationTimestamp", times.created);
        print_time_property(p, "ModificationTimestamp", times.modified);
        print_property(p, "Usage", "%" PRIu64, usage.whole);
        print_limit(p, "Limit", usage.limit);
        print_property(p, "UsageExclusive", "%" PRIu64, usage.own);
        print_limit(p, "LimitExclusive", usage.limit);
}

static int show_images(const PropertyPrinter *p, char *const *names, Error **reterr) {
        _cleanup_(image_graphs_done) ImageGraphs graphs = {};

        for (size_t i = 0; names[i]; i++) {
                _cleanup_(image_freep) Image *image = NULL;
                int r = find(names[i], &image, reterr);

                if (r < 0)
                        return r;
                fputs(i > 0 ? "\n" : "", stdout);
                print_image(p, image, &graphs);
        }
        return 0;
}

int machinectl_show_image(const MachinectlArgs *a, Error **reterr) {
        PropertyPrinter p = { .wanted = a->properties, .all = a->all, .value = a->value };

        return a->n_operands == 0 ? print_pool(&p, reterr) : show_images(&p, a->operands, reterr);
}

static void print_bytes_field(const char *label, uint64_t bytes) {
        char text[BYTES_TEXT_MAX];

        print_field(label, bytes_text(bytes, text));
}

static int print_image_status(const Image *i, ImageGraphs *graphs, Error **reterr) {
        ImageUsage usage = usage_of(i, graphs);
        ImageTimes times = times_of(i);
        OsRelease os = {};

        if (image_os_release(i, &os) < 0)
                return error_oom(reterr);
        puts(i->name);
        print_field("Type", type_of(i));
        print_field("Path", i->path);
        print_field("OS", os.pretty_name ?: os.id);
        os_release_done(&os);
        print_field("RO", i->read_only ? "read-only" : "writable");
        print_time_field("Created", times.created);
        print_time_field("Modified", times.modified);
        print_bytes_field("Usage", usage.whole);
        print_bytes_field("Limit", usage.limit);
        return 0;
}

static int print_pool_status(Error **reterr) {
        PoolUsage pool;
        int r = pool_usage(&pool, reterr);

        if (r < 0)
                return r;
        print_field("Path", POOL_DIRECTORY);
        print_bytes_field("Usage", pool.usage);
        print_bytes_field("Limit", pool.limit);
        return 0;
}

int machinectl_image_status(const MachinectlArgs *a, Error **reterr) {
        _cleanup_(image_graphs_done) ImageGraphs graphs = {};
        int r = a->n_operands == 0 ? print_pool_status(reterr) : 0;

        for (int i = 0; r >= 0 && i < a->n_operands; i++) {
                _cleanup_(image_freep) Image *image = NULL;

                r = find(a->operands[i], &image, reterr);
                if (r < 0)
                        break;
                fputs(i > 0 ? "\n" : "", stdout);
                r = print_image_status(image, &graphs, reterr);
        }
        return r;
}
