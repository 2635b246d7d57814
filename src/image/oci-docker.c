/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-image.h"

/* What `docker save` and `podman save` make (docker-archive): manifest.json lists images, each with the paths of its config and of its layers.
 * Nothing of it is named by a digest that one could rely on. Docker up to 24 wrote each layer once, and where it is wanted again a symbolic
 * link to it, so that links are followed here, within the directory. */

#include <string.h>

#include "fd.h"
#include "oci-pick.h"
#include "store.h"
#include "text.h"

#define MANIFEST "manifest.json"
#define IMAGES_MAX 1024U

static int load_manifest(int directory, json_t **ret, Error **reterr) {
        int r = oci_json_file(directory, MANIFEST, JSON_ARRAY, ret, reterr);

        if (r >= 0 && json_array_size(*ret) > IMAGES_MAX) {
                json_decref(*ret);
                *ret = NULL;
                return error_set(reterr, E2BIG, "There are more than %u images in it", IMAGES_MAX);
        }
        return r;
}

static int add_candidate(OciCandidates *all, size_t number, const char *name, Error **reterr) {
        OciCandidate *c = oci_candidates_add(all);

        if (!c || string_set(&c->reference, name) < 0)
                return error_oom(reterr);
        c->number = number;
        return 0;
}

/* As many as it has names; one, where it has none. */
static int add_image(OciCandidates *all, size_t number, json_t *image, Error **reterr) {
        json_t *names = NULL;
        size_t n;
        int r;

        if (!json_is_object(image))
                return error_set(reterr, EBADMSG, MANIFEST " lists what is no image");
        r = oci_json_array(image, "RepoTags", &names, reterr);
        n = json_array_size(names);
        if (r >= 0 && n > IMAGES_MAX)
                return error_set(reterr, E2BIG, "An image in it has more than %u names", IMAGES_MAX);
        if (r >= 0 && n == 0)
                r = add_candidate(all, number, NULL, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = add_candidate(all, number, json_string_value(json_array_get(names, i)), reterr);
        return r;
}

static int read_config(int directory, OciImage *i, json_t *image, Error **reterr) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *text = NULL;
        const char *path = NULL;
        size_t size;
        int r = oci_json_string(image, "Config", &path, reterr);

        if (r < 0)
                return r;
        if (!path)
                return error_set(reterr, EBADMSG, MANIFEST " does not say where the image's config is");
        fd = oci_file_open(directory, path, true, reterr);
        if (fd < 0)
                return fd;
        r = fd_read_all(fd, OCI_CONFIG_SIZE_MAX, &text, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read the image's config %s", oci_shown(path));
        return oci_config_parse(text, size, &i->config, reterr);
}

static int read_layers(OciImage *i, json_t *image, Error **reterr) {
        json_t *layers = NULL;
        int r = oci_json_array(image, "Layers", &layers, reterr);
        size_t n = json_array_size(layers);

        if (r < 0)
                return r;
        if (n >= LAYERS_MAX)
                return error_set(reterr, E2BIG, "The image has %zu layers, and more than %d are not stacked", n, LAYERS_MAX - 1);
        i->layers = calloc(n + 1, sizeof(*i->layers));
        if (!i->layers)
                return error_oom(reterr);
        for (; i->n_layers < n; i->n_layers++) {
                const char *path = json_string_value(json_array_get(layers, i->n_layers));

                if (!path)
                        return error_set(reterr, EBADMSG, MANIFEST " lists a layer that is no path");
                if (string_set(&i->layers[i->n_layers].path, path) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int read_image(int directory, const OciCandidate *c, json_t *manifest, OciImage **ret, Error **reterr) {
        _cleanup_(oci_image_freep) OciImage *i = calloc(1, sizeof(*i));
        json_t *image = json_array_get(manifest, c->number);
        int r;

        if (!i || string_set(&i->reference, c->reference) < 0)
                return error_oom(reterr);
        r = read_config(directory, i, image, reterr);
        if (r >= 0)
                r = read_layers(i, image, reterr);
        if (r >= 0)
                r = oci_image_check(i, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(i);
        return r;
}

int docker_archive_image(int directory, const char *reference, OciImage **ret, Error **reterr) {
        json_t *manifest _cleanup_json_ = NULL;
        OciCandidates all = {};
        const OciCandidate *c = NULL;
        int r = load_manifest(directory, &manifest, reterr);

        for (size_t i = 0; r >= 0 && i < json_array_size(manifest); i++)
                r = add_image(&all, i, json_array_get(manifest, i), reterr);
        if (r >= 0 && all.n == 0)
                r = error_set(reterr, ENOENT, "There is no image in it");
        if (r >= 0)
                r = oci_pick(&all, reference, &c, reterr);
        if (r >= 0)
                r = read_image(directory, c, manifest, ret, reterr);
        oci_candidates_done(&all);
        return r;
}
