/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Layouts and docker-archives in a directory, without layers: which image is meant, and what is refused; then what is read of them, mutated, with
 * a fixed seed so that a failure comes again. */

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "oci-image.h"
#include "remove.h"

#include "unit.h"

#define INDEX "application/vnd.oci.image.index.v1+json"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define CONFIG "application/vnd.oci.image.config.v1+json"
#define LAYER "application/vnd.oci.image.layer.v1.tar+gzip"
#define SOME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define ROUNDS 3000
#define SECONDS 2

static int setup(void **state) {
        char path[] = "/tmp/nbox-test-oci-XXXXXX", *made = mkdtemp(path);
        int *fd = malloc(sizeof(*fd));

        assert_non_null(made);
        assert_non_null(fd);
        *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(*fd >= 0 && mkdirat(*fd, "blobs", 0755) >= 0 && mkdirat(*fd, "blobs/sha256", 0755) >= 0);
        *state = fd;
        return 0;
}

static int teardown(void **state) {
        _cleanup_close_ int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = *(int *) *state;
        char path[64], link[32];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        assert_true(n > 0);
        path[n] = 0;
        assert_int_equal(remove_tree(parent, path + strlen("/tmp/")), 0);
        free(*state);
        return 0;
}

static void put(int dir, const char *path, const char *text, size_t size) {
        _cleanup_close_ int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), (ssize_t) size);
}

/* A blob, and its descriptor: the caller's. */
static char *blob(int dir, const char *type, const char *text, size_t size) {
        _cleanup_(digest_freep) Digest *d = NULL;
        char hex[DIGEST_HEX_SIZE], path[128], *descriptor;

        assert_int_equal(digest_new(&d, NULL), 0);
        digest_add(d, text, size);
        digest_end(d, hex);
        snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
        put(dir, path, text, size);
        assert_true(asprintf(&descriptor, "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu", type, hex, size) >= 0);
        return descriptor; /* without its end, for more to be added */
}

static char *config_blob(int dir) {
        static const char text[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" SOME "\"]}}";

        return blob(dir, CONFIG, text, strlen(text));
}

static char *manifest_text(int dir) {
        _cleanup_free_ char *config = config_blob(dir);
        char *text;

        assert_true(asprintf(&text, "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":%s},\"layers\":[{\"mediaType\":\"" LAYER
                             "\",\"digest\":\"sha256:" SOME "\",\"size\":7}]}", config) >= 0);
        return text;
}

static char *manifest_blob(int dir) {
        _cleanup_free_ char *text = manifest_text(dir);

        return blob(dir, MANIFEST, text, strlen(text));
}

static void put_layout(int dir, const char *entries) {
        _cleanup_free_ char *index = NULL;

        assert_true(asprintf(&index, "{\"schemaVersion\":2,\"manifests\":[%s]}", entries) >= 0);
        put(dir, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", strlen("{\"imageLayoutVersion\":\"1.0.0\"}"));
        put(dir, "index.json", index, strlen(index));
}

static void is_taken(int dir, const char *reference, const char *name) {
        _cleanup_(oci_image_freep) OciImage *image = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(oci_layout_image(dir, reference, &image, &error));
        assert_int_equal(image->n_layers, 1);
        assert_string_equal(image->layers[0].blob.digest, SOME);
        if (name)
                assert_string_equal(image->reference, name);
        else
                assert_null(image->reference);
}

static void is_refused(int dir, const char *reference, const char *message) {
        _cleanup_(oci_image_freep) OciImage *image = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        assert_true(oci_layout_image(dir, reference, &image, &error) < 0);
        assert_null(image);
        assert_error_says(error, message);
}

#define NAMED(name) ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}}"
#define FOR(architecture) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" architecture "\"}}"

static void the_one_that_is_meant(void **state) {
        int dir = *(int *) *state;
        _cleanup_free_ char *m = manifest_blob(dir), *one = NULL, *two = NULL, *strange = NULL, *by_digest = NULL;
        const char *digest = strstr(m, "sha256:");

        assert_true(asprintf(&one, "%s}", m) >= 0);
        put_layout(dir, one);
        is_taken(dir, NULL, NULL);
        is_refused(dir, "any", "no image 'any'");
        by_digest = strndup(digest, strlen("sha256:") + DIGEST_HEX_SIZE - 1);
        is_taken(dir, by_digest, NULL);
        /* two names of one image are no choice; a part of a name is none of its parts */
        assert_true(asprintf(&two, "%s" NAMED("example.org/a/web:1") ",%s" NAMED("web:2"), m, m) >= 0);
        put_layout(dir, two);
        is_taken(dir, NULL, "example.org/a/web:1");
        is_taken(dir, "web:1", "example.org/a/web:1");
        is_taken(dir, "2", "web:2");
        is_refused(dir, "eb:2", "no image");
        assert_true(asprintf(&strange, "%s" FOR("pdp11"), m) >= 0);
        put_layout(dir, strange);
        is_refused(dir, NULL, "but for linux/pdp11");
}

static void what_cannot_be_shown_is_not(void **state) {
        int dir = *(int *) *state;
        _cleanup_free_ char *m = manifest_blob(dir), *entry = NULL;

        assert_true(asprintf(&entry, "%s" NAMED("\\u001b[31m"), m) >= 0);
        put_layout(dir, entry);
        is_refused(dir, "\x1b[31", "(what cannot be shown)");
        is_taken(dir, NULL, "\x1b[31m");
}

/* --- mutated ---- */

static uint32_t next(uint64_t *state, uint32_t below) {
        *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t) (*state >> 33) % below;
}

/* Bytes changed, and a piece of it left out or twice. */
static char *mutate(uint64_t *random, const char *text, size_t *ret_size) {
        static const char special[] = "{}[]\",:0-9e.\\ sha256:/ul\n";
        size_t size = strlen(text), at = next(random, (uint32_t) size), length = next(random, (uint32_t) (size - at));
        char *copy = malloc(size + length);

        assert_non_null(copy);
        memcpy(copy, text, size);
        for (uint32_t n = next(random, 4); n > 0; n--)
                copy[next(random, (uint32_t) size)] = next(random, 4) ? special[next(random, sizeof(special) - 1)] : (char) next(random, 256);
        switch (next(random, 6)) {
        case 0:
                memmove(copy + at, copy + at + length, size - at - length);
                size -= length;
                break;
        case 1:
                memmove(copy + at + length, copy + at, size - at);
                size += length;
                break;
        }
        *ret_size = size;
        return copy;
}

static void read_anything(int dir, int (*read_image)(int, const char *, OciImage **, Error **)) {
        _cleanup_(oci_image_freep) OciImage *image = NULL;
        _cleanup_(error_freep) Error *error = NULL;

        if (read_image(dir, NULL, &image, &error) < 0) {
                assert_non_null(error);
                assert_null(image);
        } else
                assert_true(image->n_layers > 0 && image->n_layers < 128);
}

static void fuzz_layout(void **state) {
        _cleanup_free_ char *m = manifest_blob(*(int *) *state), *manifest = manifest_text(*(int *) *state), *index = NULL;
        time_t end = time(NULL) + SECONDS;
        int dir = *(int *) *state;
        uint64_t random = 8;

        put_layout(dir, "");
        assert_true(asprintf(&index, "{\"schemaVersion\":2,\"manifests\":[%s" NAMED("a") ",%s" FOR("amd64") "]}", m, m) >= 0);
        for (unsigned i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_free_ char *text = NULL, *entry = NULL, *whole = NULL;
                size_t size;

                text = mutate(&random, index, &size);
                put(dir, "index.json", text, size);
                read_anything(dir, oci_layout_image);
                free(text);
                text = mutate(&random, manifest, &size);
                entry = blob(dir, next(&random, 8) ? MANIFEST : INDEX, text, size);
                assert_true(asprintf(&whole, "%s}", entry) >= 0);
                put_layout(dir, whole);
                read_anything(dir, oci_layout_image);
        }
}

static void fuzz_docker(void **state) {
        static const char manifest[] = "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\",\"b\"],\"Layers\":[\"layer.tar\"]},{\"Config\":\"c\"}]";
        static const char config[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" SOME "\"]}}";
        time_t end = time(NULL) + SECONDS;
        int dir = *(int *) *state;
        uint64_t random = 8;

        for (unsigned i = 0; i < ROUNDS && time(NULL) < end; i++) {
                _cleanup_free_ char *text = NULL;
                size_t size;

                put(dir, "config.json", config, strlen(config));
                text = mutate(&random, manifest, &size);
                put(dir, "manifest.json", text, size);
                read_anything(dir, docker_archive_image);
                free(text);
                put(dir, "manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[\"l\"]}]", strlen("[{\"Config\":\"config.json\",\"Layers\":[\"l\"]}]"));
                text = mutate(&random, config, &size);
                put(dir, "config.json", text, size);
                read_anything(dir, docker_archive_image);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_one_that_is_meant, setup, teardown),
                cmocka_unit_test_setup_teardown(what_cannot_be_shown_is_not, setup, teardown),
                cmocka_unit_test_setup_teardown(fuzz_layout, setup, teardown),
                cmocka_unit_test_setup_teardown(fuzz_docker, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
