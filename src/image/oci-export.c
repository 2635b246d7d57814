/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-export.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "digest.h"
#include "fd.h"
#include "oci-json.h"

#define TYPE "application/vnd.oci.image."
#define BLOBS "blobs/sha256"
#define NEW_BLOB ".new"
#define TAG "latest"

/* A blob's size stands in front of it in a tar, and its digest is its name: both are known when all of it has been written. */
typedef struct Blob {
        char digest[DIGEST_HEX_SIZE];
        char diff_id[DIGEST_HEX_SIZE]; /* of a layer, uncompressed */
        uint64_t size;
        int fd; /* of a tar to be; else -1 */
} Blob;

typedef struct Layout {
        const OciExport *q;
        int blobs;   /* where they go, by name */
        int scratch; /* or, without a name; the other is -1 */
        Blob *items; /* layers, config, manifest */
        size_t n;
        PackResult result;
        CopyWatch watch;             /* of one layer: what is shown is the sum */
        CopyProgress before, layer; /* in the layers before; in this one */
} Layout;

static bool is_cancelled(void *userdata) {
        const CopyWatch *w = ((Layout *) userdata)->q->watch;

        return w && w->is_cancelled && w->is_cancelled(w->userdata);
}

static void show(const CopyProgress *p, void *userdata) {
        Layout *l = userdata;
        const CopyWatch *w = l->q->watch;

        l->layer = *p;
        if (w && w->show)
                w->show(&(CopyProgress){ .files = l->before.files + p->files, .bytes = l->before.bytes + p->bytes }, w->userdata);
}

static void next_layer(Layout *l) {
        l->before.files += l->layer.files;
        l->before.bytes += l->layer.bytes;
        l->layer = (CopyProgress){};
}

static void layout_done(Layout *l) {
        for (size_t i = 0; i < l->n; i++)
                close_fd(l->items[i].fd);
        free(l->items);
        close_fd(l->blobs);
}

/* Not every file system has files that never had a name. */
static int open_nameless(int directory) {
        char name[64];
        int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        if (fd >= 0)
                return fd;
        snprintf(name, sizeof(name), ".#nbox-export-%d", (int) getpid());
        fd = openat(directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        (void) unlinkat(directory, name, 0);
        return fd;
}

static int open_blob(const Layout *l, Error **reterr) {
        int fd = l->scratch >= 0 ? open_nameless(l->scratch)
                                 : openat(l->blobs, NEW_BLOB, O_CREAT | O_TRUNC | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0644);

        if (fd < 0)
                return error_errno(reterr, l->scratch >= 0 ? fd : errno, "Cannot make a file for a part of the image");
        return fd;
}

static void tap_digest(const void *data, size_t size, void *userdata) {
        digest_add(userdata, data, size);
}

/* It gets its name, or is kept: once, where two layers are the same. */
static int keep_blob(Layout *l, Blob *b, int *fd, Error **reterr) {
        bool is_known = false;

        for (size_t i = 0; i < l->n; i++)
                is_known = is_known || (&l->items[i] != b && strcmp(l->items[i].digest, b->digest) == 0);
        if (l->scratch >= 0) {
                b->fd = is_known ? -1 : TAKE_FD(*fd);
                return 0;
        }
        if ((is_known ? unlinkat(l->blobs, NEW_BLOB, 0) : renameat(l->blobs, NEW_BLOB, l->blobs, b->digest)) < 0)
                return error_errno(reterr, errno, "Cannot name a part of the image");
        return 0;
}

static Blob *add_blob(Layout *l, Error **reterr) {
        Blob *grown = reallocarray(l->items, l->n + 1, sizeof(*grown));

        if (!grown) {
                error_oom(reterr);
                return NULL;
        }
        l->items = grown;
        l->items[l->n] = (Blob){ .fd = -1 };
        return &l->items[l->n++];
}

static int pack_layer(Layout *l, const OciLayer *layer, int fd, Digest *plain, Digest *packed, Error **reterr) {
        PackWish wish = { .fd = fd, .name = "a layer of the image", .compression = l->q->compression, .watch = &l->watch,
                          .plain = { tap_digest, plain }, .packed = { tap_digest, packed } };
        PackTree how = { .prefix = "", .base = l->q->base, .with_mounts = layer->with_mounts, .whiteouts = layer->whiteouts,
                         .merged = layer->merged };
        _cleanup_(pack_freep) Pack *p = NULL;
        PackResult result;
        int r = pack_open(&wish, &p, reterr);

        if (r >= 0)
                r = pack_tree(p, layer->tree, &how, reterr);
        if (r >= 0)
                r = pack_end(p, reterr);
        if (r < 0)
                return r;
        result = pack_result(p);
        l->result.changed += result.changed;
        l->result.left_out += result.left_out;
        l->result.written += result.written;
        return 0;
}

static int write_layer(Layout *l, const OciLayer *layer, Error **reterr) {
        _cleanup_(digest_freep) Digest *plain = NULL, *packed = NULL;
        _cleanup_close_ int fd = -1;
        struct stat st;
        Blob *b;
        int r = digest_new(&plain, reterr);

        if (r >= 0)
                r = digest_new(&packed, reterr);
        if (r >= 0)
                r = fd = open_blob(l, reterr);
        if (r >= 0)
                r = pack_layer(l, layer, fd, plain, packed, reterr);
        if (r < 0)
                return r;
        b = add_blob(l, reterr);
        if (!b)
                return -ENOMEM;
        if (fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at a layer that was written");
        b->size = (uint64_t) st.st_size;
        digest_end(plain, b->diff_id);
        digest_end(packed, b->digest);
        return keep_blob(l, b, &fd, reterr);
}

static int write_text_blob(Layout *l, const char *text, Error **reterr) {
        _cleanup_(digest_freep) Digest *d = NULL;
        _cleanup_close_ int fd = -1;
        Blob *b;
        int r = digest_new(&d, reterr);

        if (r >= 0)
                r = fd = open_blob(l, reterr);
        if (r < 0)
                return r;
        r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                return error_errno(reterr, r, "Cannot write a part of the image");
        b = add_blob(l, reterr);
        if (!b)
                return -ENOMEM;
        b->size = strlen(text);
        digest_add(d, text, strlen(text));
        digest_end(d, b->digest);
        return keep_blob(l, b, &fd, reterr);
}

static int write_config(Layout *l, Error **reterr) {
        time_t seconds = (time_t) (l->q->created_usec / 1000000);
        OciConfig *config = l->q->config;
        _cleanup_free_ char *text = NULL;
        char created[32];
        struct tm tm;
        int r = 0;

        strv_free(config->diff_ids);
        config->diff_ids = NULL;
        for (size_t i = 0; r >= 0 && i < l->n; i++)
                r = strv_appendf(&config->diff_ids, "sha256:%s", l->items[i].diff_id);
        if (r < 0)
                return error_oom(reterr);
        if (!gmtime_r(&seconds, &tm) || strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return error_set(reterr, ERANGE, "The image's time cannot be written");
        r = oci_config_text(config, created, &text, reterr);
        return r < 0 ? r : write_text_blob(l, text, reterr);
}

static const char *layer_type(Compression c) {
        return c == COMPRESS_GZIP ? TYPE "layer.v1.tar+gzip" : c == COMPRESS_ZSTD ? TYPE "layer.v1.tar+zstd" : TYPE "layer.v1.tar";
}

static json_t *descriptor(const char *type, const Blob *b) {
        char digest[sizeof("sha256:") + DIGEST_HEX_SIZE];

        snprintf(digest, sizeof(digest), "sha256:%s", b->digest);
        return json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", digest, "size", (json_int_t) b->size);
}

/* The last blob is the config, those before it are the layers. */
static int write_manifest(Layout *l, Error **reterr) {
        _cleanup_json_ json_t *layers = json_array(), *j = NULL;
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i + 1 < l->n; i++)
                if (json_array_append_new(layers, descriptor(layer_type(l->q->compression), &l->items[i])) < 0)
                        return error_oom(reterr);
        j = json_pack("{s:i, s:s, s:o, s:O}", "schemaVersion", 2, "mediaType", TYPE "manifest.v1+json",
                      "config", descriptor(TYPE "config.v1+json", &l->items[l->n - 1]), "layers", layers);
        text = j ? json_dumps(j, JSON_COMPACT) : NULL;
        return text ? write_text_blob(l, text, reterr) : error_oom(reterr);
}

static int index_text(const Layout *l, char **ret, Error **reterr) {
        const OciConfig *c = l->q->config;
        _cleanup_json_ json_t *j = NULL, *manifest = descriptor(TYPE "manifest.v1+json", &l->items[l->n - 1]);

        if (!manifest ||
            json_object_set_new(manifest, "platform", json_pack("{s:s, s:s}", "architecture", c->architecture ?: oci_architecture(),
                                                                "os", c->os ?: "linux")) < 0 ||
            json_object_set_new(manifest, "annotations", json_pack("{s:s}", "org.opencontainers.image.ref.name", TAG)) < 0)
                return error_oom(reterr);
        j = json_pack("{s:i, s:s, s:[O]}", "schemaVersion", 2, "mediaType", TYPE "index.v1+json", "manifests", manifest);
        *ret = j ? json_dumps(j, JSON_COMPACT) : NULL;
        return *ret ? 0 : error_oom(reterr);
}

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static int write_blobs(Layout *l, Error **reterr) {
        int r = 0;

        l->watch = (CopyWatch){ .is_cancelled = is_cancelled, .show = show, .userdata = l };
        for (size_t i = 0; r >= 0 && i < l->q->n_layers; i++, next_layer(l))
                r = write_layer(l, &l->q->layers[i], reterr);
        if (r >= 0)
                r = write_config(l, reterr);
        return r < 0 ? r : write_manifest(l, reterr);
}

static int write_file(int directory, const char *name, const char *text, Error **reterr) {
        _cleanup_close_ int fd = openat(directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
        int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

        return r < 0 ? error_errno(reterr, r, "Cannot write %s", name) : 0;
}

int oci_export_directory(const OciExport *q, int directory, PackResult *ret, Error **reterr) {
        _cleanup_(layout_done) Layout l = { .q = q, .blobs = -1, .scratch = -1 };
        _cleanup_free_ char *index = NULL;
        int r;

        if (mkdirat(directory, "blobs", 0755) < 0 || mkdirat(directory, BLOBS, 0755) < 0)
                return error_errno(reterr, errno, "Cannot make the image's directories");
        l.blobs = openat(directory, BLOBS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (l.blobs < 0)
                return error_errno(reterr, errno, "Cannot open the image's directories");
        r = write_blobs(&l, reterr);
        if (r >= 0)
                r = index_text(&l, &index, reterr);
        if (r >= 0)
                r = write_file(directory, "index.json", index, reterr);
        if (r >= 0)
                r = write_file(directory, "oci-layout", layout_text, reterr);
        *ret = l.result;
        return r;
}

/* What says what it is comes first, for who reads it as a stream. */
static int pack_layout(const Layout *l, Pack *p, Error **reterr) {
        _cleanup_free_ char *index = NULL;
        int r = index_text(l, &index, reterr);

        if (r >= 0)
                r = pack_text(p, "oci-layout", layout_text, strlen(layout_text), reterr);
        if (r >= 0)
                r = pack_text(p, "index.json", index, strlen(index), reterr);
        for (size_t i = 0; r >= 0 && i < l->n; i++) {
                char path[sizeof(BLOBS) + DIGEST_HEX_SIZE + 1];

                if (l->items[i].fd < 0)
                        continue;
                snprintf(path, sizeof(path), BLOBS "/%s", l->items[i].digest);
                r = pack_file(p, path, l->items[i].fd, reterr);
        }
        return r < 0 ? r : pack_end(p, reterr);
}

int oci_export_tar(const OciExport *q, int fd, const char *name, int scratch, PackResult *ret, Error **reterr) {
        _cleanup_(layout_done) Layout l = { .q = q, .blobs = -1, .scratch = scratch };
        _cleanup_(pack_freep) Pack *p = NULL;
        int r = write_blobs(&l, reterr);

        l.watch.show = NULL; /* each byte has been counted */
        if (r >= 0)
                r = pack_open(&(PackWish){ .fd = fd, .name = name, .compression = COMPRESS_NONE, .watch = &l.watch }, &p, reterr);
        if (r >= 0)
                r = pack_layout(&l, p, reterr);
        *ret = l.result;
        return r;
}
