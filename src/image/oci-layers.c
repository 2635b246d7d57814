/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-layers.h"

/* A layer in the store is known by the digests of all blobs from the base up to its own, put together into one; so it is the same only where all
 * that it stands on is the same, and what is known so has been verified by ourselves. (The config's diff ids, which are of the uncompressed
 * tars, would say the same of images that are compressed in different ways. But what comes out of a stranger's archive is told by the process
 * that has the stranger's bytes in it.) Blobs are verified also where their layer is there: who names one has to have it.
 *
 * The top one that is there is looked for first: it brings what it stands on. The rest is unpacked on top of it, one by one; each that is whole
 * says so (layer-origin.h), and is nobody's until the image has its name. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "file.h"
#include "layer.h"
#include "layer-origin.h"
#include "mount.h"
#include "overlay.h"

#define KEY_OF "nbox layer 1" /* to be another one where unpacking makes another tree of the same blob */
#define MOUNT_DIRECTORY "/run/nbox/stack"

typedef struct Making {
        const OciLayersWish *wish;
        const OciImage *image;
        const Store *store;
        char (*keys)[DIGEST_HEX_SIZE]; /* of each layer of the image, lowest first */
        OciLayers *made;
        CopyProgress before; /* of the layers that are done: bytes of blobs, as unpack.h has them */
} Making;

static int chain_key(const char *below, const char *blob, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        _cleanup_(digest_freep) Digest *d = NULL;
        int r = digest_new(&d, reterr);

        if (r < 0)
                return r;
        digest_add(d, KEY_OF " ", strlen(KEY_OF " "));
        digest_add(d, below, strlen(below));
        digest_add(d, " ", 1);
        digest_add(d, blob, strlen(blob));
        digest_end(d, ret);
        return 0;
}

static bool is_cancelled(void *userdata) {
        const Making *m = userdata;

        return m->wish->watch->is_cancelled && m->wish->watch->is_cancelled(m->wish->watch->userdata);
}

/* A layer's file, verified; where it is Docker's, its digest is told, too. An fd. */
static int open_layer(Making *m, size_t i, char ret[DIGEST_HEX_SIZE], Error **reterr) {
        const CopyWatch asked = { .is_cancelled = is_cancelled, .userdata = m }; /* what is read twice is shown once */
        const OciLayer *layer = &m->image->layers[i];
        _cleanup_close_ int fd = -1;
        int r;

        if (!layer->path) {
                memcpy(ret, layer->blob.digest, DIGEST_HEX_SIZE);
                return oci_blob_open(m->wish->directory, &layer->blob, m->store->fd, m->wish->watch ? &asked : NULL, reterr);
        }
        fd = oci_file_open(m->wish->directory, layer->path, true, reterr);
        if (fd >= 0)
                fd = oci_blob_take(TAKE_FD(fd), layer->path, m->store->fd, reterr);
        if (fd < 0)
                return fd;
        r = digest_file(fd, layer->path, m->wish->watch ? &asked : NULL, ret, reterr);
        return r < 0 ? r : TAKE_FD(fd);
}

static int open_all(Making *m, int *fds, Error **reterr) {
        for (size_t i = 0; i < m->image->n_layers; i++) {
                char blob[DIGEST_HEX_SIZE];
                int r;

                fds[i] = open_layer(m, i, blob, reterr);
                if (fds[i] < 0)
                        return fds[i];
                r = chain_key(i > 0 ? m->keys[i - 1] : "", blob, m->keys[i], reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The chain is held from its top: what was found may be garbage, and its lower layers on their way out. */
static int find_shared(Making *m, Error **reterr) {
        OciLayers *made = m->made;

        for (size_t i = m->image->n_layers; i > 0; i--) {
                _cleanup_(layer_freep) Layer *top = NULL;
                Layer **chain = NULL;
                size_t n = 0;
                int r = layer_origin_find(m->store, ORIGIN_OCI, m->keys[i - 1], &top, reterr);

                if (r < 0)
                        return r;
                if (r == 0 || layer_chain(m->store, top->id, &chain, &n, NULL) < 0)
                        continue;
                if (n != i) { /* somebody has put them together himself */
                        layer_chain_free(chain, n);
                        continue;
                }
                memcpy(made->chain + m->image->n_layers - i, chain, i * sizeof(*chain));
                free(chain);
                made->n_shared = i;
                break;
        }
        return 0;
}

/* All that lies beneath layer i, to look into: an O_PATH fd; -1 with 0: nothing does. */
static int open_below(const Making *m, size_t i, int *ret, Error **reterr) {
        Layer **chain = m->made->chain + m->image->n_layers - i;
        int lowers[LAYERS_MAX];
        OverlayLayers layers = { .lowers = lowers, .n_lowers = i, .upper = -1, .work = -1 };
        int r;

        *ret = -1;
        if (i == 0)
                return 0;
        if (i == 1)
                r = *ret = fcntl(chain[0]->tree, F_DUPFD_CLOEXEC, 0);
        else {
                for (size_t k = 0; k < i; k++)
                        lowers[k] = chain[k]->tree;
                r = *ret = overlay_new(&layers, MOUNT_DIRECTORY, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        }
        return r < 0 ? error_errno(reterr, r == -1 ? -errno : r, "Cannot mount the layers that are there so far") : 0;
}

static void show(const CopyProgress *p, void *userdata) {
        const Making *m = userdata;
        CopyProgress sum = { .files = m->before.files + p->files, .bytes = m->before.bytes + p->bytes };

        if (m->wish->watch->show)
                m->wish->watch->show(&sum, m->wish->watch->userdata);
}

static int check_diff_id(const Making *m, size_t i, const Archive *a, Error **reterr) {
        const char *said = m->image->config->diff_ids[i], *found = archive_digest(a);

        if (strncmp(said, "sha256:", 7) == 0 && strcmp(said + 7, found) == 0)
                return 0;
        return error_set(reterr, EBADMSG, "Layer %zu of the image has the diff id sha256:%s, and its config says %s", i + 1, found,
                         oci_shown(said));
}

static void add_result(UnpackResult *sum, const UnpackResult *one) {
        sum->files += one->files;
        sum->bytes += one->bytes;
        sum->devices += one->devices;
        sum->xattrs += one->xattrs;
        sum->strangers += one->strangers;
}

static int unpack_into(Making *m, size_t i, int blob, const Layer *l, Error **reterr) {
        const CopyWatch watch = { .is_cancelled = is_cancelled, .show = show, .userdata = m };
        _cleanup_close_ int below = -1, tree = store_open_beneath(l->fd, "tree", O_RDONLY | O_DIRECTORY);
        _cleanup_(archive_freep) Archive *a = NULL;
        UnpackWish wish = { .watch = m->wish->watch ? &watch : NULL, .whiteouts = true };
        _cleanup_free_ char *name = NULL;
        UnpackResult result = {};
        int r;

        if (tree < 0)
                return error_errno(reterr, tree, "Cannot open a new layer");
        if (asprintf(&name, "layer %zu of the image", i + 1) < 0)
                return error_oom(reterr);
        r = open_below(m, i, &below, reterr);
        wish.below = below;
        if (m->wish->size_max > 0) /* 0 would be any */
                wish.size_max = m->made->result.bytes < m->wish->size_max ? m->wish->size_max - m->made->result.bytes : 1;
        if (r >= 0)
                r = archive_open_layer(blob, name, &a, reterr);
        if (r >= 0)
                r = unpack_tree(a, tree, &wish, &result, reterr);
        if (r >= 0)
                r = check_diff_id(m, i, a, reterr);
        if (r < 0)
                return r;
        add_result(&m->made->result, &result);
        m->before.files += result.files;
        m->before.bytes += archive_consumed(a);
        return 0;
}

static int make_one(Making *m, size_t i, int blob, Error **reterr) {
        Layer **place = &m->made->chain[m->image->n_layers - i - 1], *below = i > 0 ? place[1] : NULL;
        char line[sizeof(ORIGIN_OCI " ") + DIGEST_HEX_SIZE], *lines[] = { line, NULL };
        _cleanup_(layer_freep) Layer *l = NULL;
        int r;

        r = layer_begin(m->store, below ? below->id : "", m->wish->name, &l, reterr);
        if (r >= 0)
                r = layer_make_tree(l, below ? below->tree : -1, reterr);
        if (r >= 0)
                r = unpack_into(m, i, blob, l, reterr);
        snprintf(line, sizeof(line), ORIGIN_OCI " %s", m->keys[i]);
        if (r >= 0)
                r = layer_origin_write(l, lines, reterr);
        if (r >= 0)
                *place = TAKE_PTR(l);
        return r;
}

/* How much there is to do. */
static void expect(const Making *m, const int *fds) {
        uint64_t sum = 0;
        struct stat st;

        for (size_t i = m->made->n_shared; i < m->image->n_layers; i++)
                if (fstat(fds[i], &st) >= 0)
                        sum += (uint64_t) st.st_size;
        if (m->wish->expect)
                m->wish->expect(sum, m->wish->userdata);
}

static int make_all(Making *m, int *fds, Error **reterr) {
        int r = open_all(m, fds, reterr);

        if (r >= 0)
                r = find_shared(m, reterr);
        if (r >= 0)
                expect(m, fds);
        for (size_t i = m->made->n_shared; r >= 0 && i < m->image->n_layers; i++) {
                r = make_one(m, i, fds[i], reterr);
                fds[i] = close_fd(fds[i]);
        }
        return r;
}

int oci_layers_make(const OciLayersWish *wish, const OciImage *image, const Store *s, OciLayers *ret, Error **reterr) {
        _cleanup_free_ char(*keys)[DIGEST_HEX_SIZE] = calloc(image->n_layers, sizeof(*keys));
        _cleanup_free_ int *fds = calloc(image->n_layers, sizeof(*fds));
        OciLayers made = { .chain = calloc(image->n_layers, sizeof(*made.chain)), .n = image->n_layers };
        Making m = { .wish = wish, .image = image, .store = s, .keys = keys, .made = &made };
        int r;

        for (size_t i = 0; fds && i < image->n_layers; i++)
                fds[i] = -1;
        r = fds && keys && made.chain ? mkdir_parents(MOUNT_DIRECTORY, 0700) : -ENOMEM;
        if (r < 0)
                error_errno(reterr, r, "Cannot make " MOUNT_DIRECTORY);
        else
                r = make_all(&m, fds, reterr);
        for (size_t i = 0; fds && i < image->n_layers; i++)
                close_fd(fds[i]);
        if (r < 0) {
                for (size_t i = 0; made.chain && i < made.n; i++)
                        layer_free(made.chain[i]);
                free(made.chain);
                return r;
        }
        *ret = made;
        return 0;
}
