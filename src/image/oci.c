/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "clone.h"
#include "fd.h"
#include "log.h"
#include "mount.h"
#include "oci-image.h"
#include "oci-layers.h"
#include "oci-settings.h"
#include "path.h"
#include "store.h"
#include "tree.h"

void oci_imported_done(OciImported *i) {
        layer_free(i->own);
        layer_chain_free(i->chain, i->n_chain);
        store_free(i->store);
        free(i->settings);
        strv_free(i->left_out);
        free(i->architecture);
        *i = (OciImported){};
}

/* Whether it is there at all is all that is asked: what is wrong with it will be said when it is read. */
static bool has_file(int directory, const char *name) {
        struct stat st;

        return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISREG(st.st_mode);
}

/* A tree may have a manifest.json of anything. */
static bool is_dockers_manifest(int directory) {
        json_t *manifest _cleanup_json_ = NULL, *first;

        if (oci_json_file(directory, "manifest.json", JSON_ARRAY, &manifest, NULL) < 0)
                return false;
        first = json_array_get(manifest, 0);
        return json_is_string(json_object_get(first, "Config")) && json_is_array(json_object_get(first, "Layers"));
}

int oci_look(int directory, OciLayoutKind *ret) {
        if (has_file(directory, "oci-layout") && has_file(directory, "index.json"))
                *ret = OCI_LAYOUT; /* what Docker 25 and later make is both */
        else if (has_file(directory, "manifest.json") && is_dockers_manifest(directory))
                *ret = DOCKER_ARCHIVE;
        else
                return 0;
        return 1;
}

/* A store is made in a directory that can have one. */
static int open_store(const OciImport *q, Store **ret, Error **reterr) {
        int r = store_open(q->place, true, ret, reterr);

        if (r != -EOPNOTSUPP)
                return r;
        return error_hint(reterr, r, "Have %s on another file system (ext4, xfs, btrfs); or unpack the image (`umoci unpack`), and import that.",
                          q->place);
}

/* As the image's maker wants them to be there, for what is mounted on them, or a program that expects them. */
static int make_volumes(int tree, const void *userdata, Error **reterr) {
        const OciConfig *config = userdata;

        for (char *const *path = config->volumes; path && *path; path++) {
                int fd;

                if (!path_is_clean(*path))
                        continue; /* the settings say that it is left out */
                fd = mkdir_in_root(tree, *path);
                if (fd < 0 && fd != -ENOTDIR && fd != -EEXIST)
                        return error_errno(reterr, fd, "Cannot make the image's volume %s", oci_shown(*path));
                close_fd(fd);
        }
        return 0;
}

static int what_runs(const OciConfig *c) {
        const char *program = oci_config_program(c);

        return !program ? OCI_NOTHING : tree_is_init_path(program) ? OCI_SYSTEM : OCI_COMMAND;
}

static int read_settings(const OciImport *q, const OciImage *image, OciImported *ret, Error **reterr) {
        const OciConfig *c = image->config;
        int r = oci_settings_write(c, q->origin, &ret->settings, &ret->left_out, reterr);

        if (r < 0)
                return r;
        ret->runs = what_runs(c);
        if (c->os && strcmp(c->os, "linux") != 0)
                return error_set(reterr, EOPNOTSUPP, "It is an image for %s, and not for Linux", oci_shown(c->os));
        if (c->architecture && strcmp(c->architecture, oci_architecture()) != 0) {
                ret->architecture = strdup(oci_shown(c->architecture));
                if (!ret->architecture)
                        return error_oom(reterr);
        }
        return 0;
}

static int make_layers(const OciImport *q, const OciImage *image, OciImported *ret, Error **reterr) {
        const OciLayersWish wish = { .directory = q->directory, .name = q->name, .size_max = q->size_max, .watch = q->watch,
                                     .expect = q->expect, .userdata = q->userdata };
        const NewOn how = {
                .furnish = image->config->volumes ? make_volumes : NULL, .userdata = image->config, .read_only = q->read_only,
        };
        OciLayers layers = {};
        int r;

        r = oci_layers_make(&wish, image, ret->store, &layers, reterr);
        if (r < 0)
                return r;
        ret->chain = layers.chain;
        ret->n_chain = layers.n;
        ret->n_shared = layers.n_shared;
        ret->result = layers.result;
        return layer_new_on(ret->store, q->name, ret->chain[0]->id, &how, &ret->own, reterr);
}

void oci_imported_discard(OciImported *i) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(store_freep) Store *s = TAKE_PTR(i->store);

        oci_imported_done(i);
        if (s && store_sweep(s, &error) < 0)
                log_debug("%s, ignoring", error ? error->message : "Cannot sweep");
}

int oci_import(const OciImport *q, OciImported *ret, Error **reterr) {
        _cleanup_(oci_image_freep) OciImage *image = NULL;
        OciImported made = {};
        int r;

        r = q->kind == OCI_LAYOUT ? oci_layout_image(q->directory, q->reference, &image, reterr) :
                docker_archive_image(q->directory, q->reference, &image, reterr);
        if (r >= 0)
                r = read_settings(q, image, &made, reterr);
        if (r >= 0 && (r = mount_own_namespace()) < 0)
                error_errno(reterr, r, "Cannot make a mount namespace");
        if (r >= 0)
                r = open_store(q, &made.store, reterr);
        if (r >= 0)
                r = make_layers(q, image, &made, reterr);
        if (r < 0)
                oci_imported_discard(&made);
        else
                *ret = made;
        return r;
}
