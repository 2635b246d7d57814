/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-image.h"

/* OCI's image layout (image-spec, image-layout.md): index.json names manifests, or indexes that do; each is a blob. What skopeo, buildah and
 * others put into one may be Docker's own media types (schema 2), which have the same form.
 *
 * A document says once more what it is, and it must be what it was named as: one that is an index to the one and a manifest to the other
 * would be two images of one digest (CVE-2021-41190). */

#include <string.h>

#include "oci-pick.h"
#include "store.h"
#include "strv.h"
#include "text.h"

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"
#define LAYER_TYPE "application/vnd.oci.image.layer."
#define DOCKER_TYPE "application/vnd.docker."

#define INDEX_DEPTH_MAX 4U
#define MANIFESTS_MAX 1024U

#define NAME_ANNOTATION "org.opencontainers.image.ref.name"

static const char *const index_types[] = { INDEX_TYPE, DOCKER_TYPE "distribution.manifest.list.v2+json", NULL };
static const char *const manifest_types[] = { MANIFEST_TYPE, DOCKER_TYPE "distribution.manifest.v2+json", NULL };
static const char *const old_types[] = { DOCKER_TYPE "distribution.manifest.v1+json", DOCKER_TYPE "distribution.manifest.v1+prettyjws", NULL };
static const char *const config_types[] = { CONFIG_TYPE, DOCKER_TYPE "container.image.v1+json", NULL };

static const char *const layer_types[] = {
        LAYER_TYPE "v1.tar", LAYER_TYPE "v1.tar+gzip", LAYER_TYPE "v1.tar+zstd", DOCKER_TYPE "image.rootfs.diff.tar",
        DOCKER_TYPE "image.rootfs.diff.tar.gzip", DOCKER_TYPE "image.rootfs.diff.tar.zstd", NULL,
};

/* Layers that are to be had from their maker alone, who may say to whom. */
static const char *const foreign_types[] = {
        LAYER_TYPE "nondistributable.v1.tar", LAYER_TYPE "nondistributable.v1.tar+gzip", LAYER_TYPE "nondistributable.v1.tar+zstd",
        DOCKER_TYPE "image.rootfs.foreign.diff.tar.gzip", DOCKER_TYPE "image.rootfs.foreign.diff.tar", NULL,
};

static bool is_one_of(const char *const *types, const char *type) {
        for (; *types; types++)
                if (strcmp(*types, type) == 0)
                        return true;
        return false;
}

typedef struct Walk {
        int directory;
        OciCandidates found;
        size_t n_seen;
        bool old; /* one of Docker's first schema is there */
} Walk;

/* What it is, and that it is but one thing. */
static int check_document(json_t *document, const OciDescriptor *d, const char *member, const char *other, Error **reterr) {
        const char *type;
        int r = oci_json_string(document, "mediaType", &type, reterr);

        if (r < 0)
                return r;
        if (json_object_get(document, other) || (type && strcmp(type, d->type) != 0))
                return error_set(reterr, EBADMSG, "The image's file blobs/sha256/%s is not what it is named as (%s)", d->digest,
                                 oci_shown(d->type));
        if (!json_is_array(json_object_get(document, member)))
                return error_set(reterr, EBADMSG, "The image's file blobs/sha256/%s has no \"%s\"", d->digest, member);
        return 0;
}

static int load_blob(int directory, const OciDescriptor *d, const char *what, json_t **ret, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int r = oci_blob_text(directory, d, OCI_TEXT_MAX, &text, reterr);

        return r < 0 ? r : oci_json_load(text, d->size, OCI_TEXT_MAX, JSON_OBJECT, what, ret, reterr);
}

static int take_string(json_t *object, const char *key, char **to, Error **reterr) {
        const char *value = NULL;
        int r = oci_json_string(object, key, &value, reterr);

        return r < 0 ? r : string_set(to, value) < 0 ? error_oom(reterr) : 0;
}

static int read_platform(json_t *entry, OciCandidate *c, Error **reterr) {
        json_t *platform = NULL;
        int r = oci_json_object(entry, "platform", &platform, reterr);

        if (r < 0 || !platform)
                return r;
        r = take_string(platform, "architecture", &c->architecture, reterr);
        if (r >= 0)
                r = take_string(platform, "os", &c->os, reterr);
        return r >= 0 ? take_string(platform, "variant", &c->variant, reterr) : r;
}

static int read_name(json_t *entry, const char **ret, Error **reterr) {
        json_t *annotations = NULL;
        int r = oci_json_object(entry, "annotations", &annotations, reterr);

        return r < 0 || !annotations ? r : oci_json_string(annotations, NAME_ANNOTATION, ret, reterr);
}

/* It takes the descriptor. */
static int add_manifest(Walk *w, json_t *entry, const char *name, OciDescriptor *d, Error **reterr) {
        OciCandidate *c = oci_candidates_add(&w->found);

        if (!c || string_set(&c->reference, name) < 0)
                return error_oom(reterr);
        c->manifest = *d;
        *d = (OciDescriptor){};
        return read_platform(entry, c, reterr);
}

static int walk(Walk *w, json_t *index, const char *above, unsigned depth, Error **reterr);

static int walk_index(Walk *w, const OciDescriptor *d, const char *name, unsigned depth, Error **reterr) {
        json_t *index _cleanup_json_ = NULL;
        int r;

        if (depth == INDEX_DEPTH_MAX)
                return error_set(reterr, EBADMSG, "The image's indexes lie more than %u deep in each other", INDEX_DEPTH_MAX);
        r = load_blob(w->directory, d, "An index of the image", &index, reterr);
        if (r >= 0)
                r = check_document(index, d, "manifests", "layers", reterr);
        return r >= 0 ? walk(w, index, name, depth + 1, reterr) : r;
}

static int walk_entry(Walk *w, json_t *entry, const char *above, unsigned depth, Error **reterr) {
        OciDescriptor d = {};
        const char *name = above;
        int r = oci_descriptor_read(entry, "An entry of the image's index", &d, reterr);

        if (r >= 0)
                r = read_name(entry, &name, reterr);
        if (r >= 0 && !name)
                name = above;
        if (r >= 0 && is_one_of(index_types, d.type))
                r = walk_index(w, &d, name, depth, reterr);
        else if (r >= 0 && is_one_of(manifest_types, d.type))
                r = add_manifest(w, entry, name, &d, reterr);
        else if (r >= 0) /* of things that are no images there may be any */
                w->old = w->old || is_one_of(old_types, d.type);
        oci_descriptor_done(&d);
        return r;
}

static int walk(Walk *w, json_t *index, const char *above, unsigned depth, Error **reterr) {
        json_t *manifests = NULL;
        int r = oci_json_array(index, "manifests", &manifests, reterr);
        size_t n = json_array_size(manifests);

        w->n_seen += n;
        if (r >= 0 && w->n_seen > MANIFESTS_MAX)
                return error_set(reterr, E2BIG, "There are more than %u images in it", MANIFESTS_MAX);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = walk_entry(w, json_array_get(manifests, i), above, depth, reterr);
        return r;
}

static int check_version(int directory, Error **reterr) {
        json_t *layout _cleanup_json_ = NULL;
        const char *version = NULL;
        int r = oci_json_file(directory, "oci-layout", JSON_OBJECT, &layout, reterr);

        if (r >= 0)
                r = oci_json_string(layout, "imageLayoutVersion", &version, reterr);
        if (r < 0)
                return r;
        if (version && strncmp(version, "1.", 2) == 0)
                return 0;
        return error_set(reterr, EOPNOTSUPP, "It is an OCI image layout of version %s, and 1.0.0 is what is known", oci_shown(version));
}

static int add_layer(OciImage *i, json_t *entry, Error **reterr) {
        OciDescriptor *d = &i->layers[i->n_layers].blob;
        int r = oci_descriptor_read(entry, "A layer of the image", d, reterr);

        if (r < 0)
                return r;
        i->n_layers++;
        if (is_one_of(layer_types, d->type))
                return 0;
        if (!is_one_of(foreign_types, d->type))
                return error_set(reterr, EOPNOTSUPP, "A layer of the image is of a type that is not known: %s", oci_shown(d->type));
        error_set(reterr, EOPNOTSUPP, "The layer sha256:%s of the image is not in it: it may only be had from its maker", d->digest);
        return error_hint(reterr, -EOPNOTSUPP, "What is left out so is mostly Windows; no image for Linux needs it.");
}

static int read_layers(OciImage *i, json_t *manifest, Error **reterr) {
        json_t *layers = json_object_get(manifest, "layers");
        size_t n = json_array_size(layers);
        int r = 0;

        if (n >= LAYERS_MAX)
                return error_set(reterr, E2BIG, "The image has %zu layers, and more than %d are not stacked", n, LAYERS_MAX - 1);
        i->layers = calloc(n + 1, sizeof(*i->layers));
        if (!i->layers)
                return error_oom(reterr);
        for (size_t k = 0; r >= 0 && k < n; k++)
                r = add_layer(i, json_array_get(layers, k), reterr);
        return r;
}

static int read_config(int directory, OciImage *i, json_t *manifest, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        OciDescriptor d = {};
        int r = oci_descriptor_read(json_object_get(manifest, "config"), "The image's config", &d, reterr);

        if (r >= 0 && !is_one_of(config_types, d.type)) {
                error_set(reterr, EOPNOTSUPP, "It is not an image of a tree: its config is of the type '%s'", oci_shown(d.type));
                r = -EOPNOTSUPP;
        }
        if (r >= 0)
                r = oci_blob_text(directory, &d, OCI_CONFIG_SIZE_MAX, &text, reterr);
        if (r >= 0)
                r = oci_config_parse(text, d.size, &i->config, reterr);
        oci_descriptor_done(&d);
        return r;
}

static int read_manifest(int directory, const OciCandidate *c, OciImage **ret, Error **reterr) {
        _cleanup_(oci_image_freep) OciImage *i = calloc(1, sizeof(*i));
        json_t *manifest _cleanup_json_ = NULL;
        int r;

        if (!i || string_set(&i->reference, c->reference) < 0)
                return error_oom(reterr);
        r = load_blob(directory, &c->manifest, "The image's manifest", &manifest, reterr);
        if (r >= 0)
                r = check_document(manifest, &c->manifest, "layers", "manifests", reterr);
        if (r >= 0)
                r = read_config(directory, i, manifest, reterr);
        if (r >= 0)
                r = read_layers(i, manifest, reterr);
        if (r >= 0)
                r = oci_image_check(i, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(i);
        return r;
}

static int pick(const Walk *w, const char *reference, OciImage **ret, Error **reterr) {
        const OciCandidate *c = NULL;
        int r;

        if (w->found.n == 0 && w->old) {
                error_set(reterr, EOPNOTSUPP, "The image is of Docker's first schema, whose digests name no files");
                return error_hint(reterr, -EOPNOTSUPP, "`skopeo copy --format=oci` makes one of today of it.");
        }
        if (w->found.n == 0)
                return error_set(reterr, ENOENT, "There is no image in it");
        r = oci_pick(&w->found, reference, &c, reterr);
        return r >= 0 ? read_manifest(w->directory, c, ret, reterr) : r;
}

int oci_layout_image(int directory, const char *reference, OciImage **ret, Error **reterr) {
        json_t *index _cleanup_json_ = NULL;
        Walk w = { .directory = directory };
        int r = check_version(directory, reterr);

        if (r >= 0)
                r = oci_json_file(directory, "index.json", JSON_OBJECT, &index, reterr);
        if (r >= 0)
                r = walk(&w, index, NULL, 0, reterr);
        if (r >= 0)
                r = pick(&w, reference, ret, reterr);
        oci_candidates_done(&w.found);
        return r;
}
