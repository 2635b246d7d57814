/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <time.h>

#include "find.h"
#include "layer-look.h"
#include "log.h"
#include "table.h"
#include "verb-list.h"

/* nbox images: the trees that boot by name. */

static const char *const headings[] = { "NAME", "TYPE", "RO", "CHANGED", "OS", "PATH", NULL };

static const char *os_name(const OsRelease *os) {
        return os->pretty_name ?: os->id;
}

static json_t *image_to_json(const Image *i) {
        OsRelease os = {};
        json_t *j;

        if (image_os_release(i, &os) < 0)
                return NULL;
        j = json_pack("{s:o, s:s, s:b, s:I, s:o, s:o, s:o, s:o}", "name", json_text(i->name), "type", image_type_name(i->type),
                      "read_only", (int) i->read_only, "changed_usec", (json_int_t) i->changed_usec,
                      "os", json_text(os_name(&os)), "os_id", json_text(os.id), "os_version_id", json_text(os.version_id),
                      "path", json_text(i->path));
        os_release_done(&os);
        return j;
}

static int print_json(Image **images, size_t n, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(all, image_to_json(images[i])) < 0) {
                        json_decref(all);
                        return error_oom(reterr);
                }
        return json_print(all, reterr);
}

static int add_row(Table *t, const Image *i) {
        time_t changed = (time_t) (i->changed_usec / 1000000);
        char when[64] = "";
        OsRelease os = {};
        struct tm tm;
        int r;

        if (image_os_release(i, &os) < 0)
                return -ENOMEM;
        if (localtime_r(&changed, &tm))
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
        r = table_add(t, (const char *[]){ i->name, image_type_name(i->type), i->read_only ? "yes" : "no", when, os_name(&os), i->path });
        os_release_done(&os);
        return r;
}

static int print_table(Image **images, size_t n, bool plain, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);

        if (!t)
                return error_oom(reterr);
        if (n == 0) {
                if (!plain)
                        puts("No images. `nbox create NAME --os=busybox` makes one.");
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                if (add_row(t, images[i]) < 0)
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

int verb_images(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool plain = false, quiet = false;
        Image **images = NULL;
        size_t n = 0;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case 'q':
                        quiet = true;
                        break;
                default:
                        plain = true;
                }
        if (r >= 0)
                r = verb_check_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = image_list(&images, &n, reterr);
        if (r < 0)
                return r;
        if (access(IMAGE_DIRECTORY, R_OK | X_OK) < 0 && errno == EACCES)
                log_warning("Only root may look into " IMAGE_DIRECTORY ", leaving it out");
        r = args.json ? print_json(images, n, reterr) : quiet ? print_names(images, n) : print_table(images, n, plain, reterr);
        image_list_free(images, n);
        return r;
}
