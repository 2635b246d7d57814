/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import-oci.h"

#include <string.h>
#include <sys/stat.h>

#include "image-add.h"
#include "log.h"
#include "new-image.h"

static const struct {
        const char *verb, *words, *does;
} ways[] = {
        [OCI_COMMAND] = { "run", "", "runs what it is made for" },
        [OCI_SYSTEM] = { "boot", "", "boots it" },
        [OCI_NOTHING] = { "run", " COMMAND…", "runs a command in it" },
};

static void say(const ImportOci *q, const NewImage *n, const OciImported *i) {
        for (char *const *sentence = i->left_out; sentence && *sentence; sentence++)
                log_warning("%s", *sentence);
        if (i->architecture)
                log_warning("It is made for %s: its programs run here by way of an emulator only (binfmt_misc)", i->architecture);
        log_info("Made %s of %s: %zu layer%s, %zu of them shared with other images. `nbox %s %s%s` %s.", n->path, q->origin, i->n_chain,
                 i->n_chain == 1 ? "" : "s", i->n_shared, ways[i->runs].verb, q->name, ways[i->runs].words, ways[i->runs].does);
}

/* Beside the image, where nothing is believed that could widen what it may do. What the user has written stays: NULL then. */
static int settings_path(const NewImage *n, char **ret, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        struct stat st;

        if (asprintf(&path, "%s.nspawn", n->path) < 0) {
                path = NULL;
                return error_oom(reterr);
        }
        if (lstat(path, &st) < 0)
                *ret = TAKE_PTR(path);
        else
                log_info("%s is there already, and stays as it is", path);
        return 0;
}

static int add(NewImage *n, const OciImported *i, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        ImageSettings settings = { .text = i->settings, .size = strlen(i->settings), .mode = 0644 };
        int r = settings_path(n, &path, reterr);

        settings.path = path;
        return r < 0 ? r : image_add_layered(n, i->store, i->own, path ? &settings : NULL, reterr);
}

static void expect(uint64_t bytes, void *show) {
        if (show)
                transfer_show_expect(show, bytes, 0);
}

static int import_into(const ImportOci *q, NewImage *n, UnpackResult *ret_made, Error **reterr) {
        _cleanup_free_ char *place = strndup(n->path, (size_t) (strrchr(n->path, '/') - n->path));
        _cleanup_(oci_imported_done) OciImported imported = {};
        OciImport wish = {
                .directory = q->directory, .kind = q->kind, .reference = q->reference, .name = q->name, .place = place, .origin = q->origin,
                .size_max = q->size_max, .read_only = q->read_only, .watch = q->show ? &q->show->watch : NULL, .expect = expect, .userdata = q->show,
        };
        int r = place ? oci_import(&wish, &imported, reterr) : error_oom(reterr);

        if (r >= 0)
                r = add(n, &imported, reterr);
        if (r < 0) {
                oci_imported_discard(&imported);
                return r;
        }
        *ret_made = imported.result;
        say(q, n, &imported);
        return 0;
}

int import_oci(const ImportOci *q, char **ret_path, UnpackResult *ret_made, Error **reterr) {
        const NewImageWish wish = {
                .name = q->name, .kind = NEW_LAYERED, .read_only = q->read_only, .replace = q->replace,
                .watch = q->show ? &q->show->watch : NULL,
        };
        _cleanup_(new_image_freep) NewImage *n = NULL;
        _cleanup_free_ char *path = NULL;
        int r = new_image_begin(&wish, &n, reterr);

        if (r < 0)
                return r;
        path = strdup(n->path);
        r = path ? import_into(q, n, ret_made, reterr) : error_oom(reterr);
        if (r >= 0)
                *ret_path = TAKE_PTR(path);
        return r;
}
