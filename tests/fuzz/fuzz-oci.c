/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include "digest.h"
#include "json-text.h"
#include "oci-config.h"
#include "oci-image.h"
#include "oci-json.h"
#include "oci-settings.h"
#include "strv.h"

/* Documents of images. The first byte says which: a config; the settings beside an image; docker's manifest and a config; OCI's index, a
 * manifest, and a config, NULs between. Digests are made right where the text has "DIGEST1" and "DIGEST2" in place of them, which a
 * fuzzer would not get past otherwise. */

static void check_config(const char *text, size_t size) {
        _cleanup_(oci_config_freep) OciConfig *c = NULL, *again = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *written = NULL, *settings = NULL;
        _cleanup_strv_ char **left_out = NULL;
        int r = oci_config_parse(text, size, &c, &error);

        fuzz_check_error(r, error);
        if (r < 0)
                return;
        r = oci_config_text(c, "2023-11-14T22:13:20Z", &written, &error);
        fuzz_check_error(r, error);
        if (r >= 0) {
                r = oci_config_parse(written, strlen(written), &again, &error);
                fuzz_check_error(r, error);
                fuzz_check(r >= 0);
        }
        error_free(TAKE_PTR(error));
        r = oci_settings_write(c, "app.tar", &settings, &left_out, &error);
        fuzz_check_error(r, error);
        if (r >= 0) {
                _cleanup_(oci_config_freep) OciConfig *back = NULL;

                r = oci_settings_read(settings, strlen(settings), "app.nspawn", "/sbin/init", &back, &error);
                fuzz_check_error(r, error);
                fuzz_check(r >= 0);
        }
}

static void check_settings(const char *text, size_t size) {
        _cleanup_(oci_config_freep) OciConfig *c = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r = oci_settings_read(text, size, "app.nspawn", NULL, &c, &error);

        fuzz_check_error(r, error);
}

/* Each `mark` of the text becomes the digest. */
static void put_digest(char *text, const char *mark, const char digest[DIGEST_HEX_SIZE], FILE *out) {
        char *at;

        while ((at = strstr(text, mark))) {
                fprintf(out, "%.*s%s", (int) (at - text), text, digest);
                text = at + strlen(mark);
        }
        fputs(text, out);
}

static char *with_digest(char *text, const char *mark, const char *of) {
        char digest[DIGEST_HEX_SIZE], *ret = NULL;
        Digest *d = NULL;
        size_t size;
        FILE *out = open_memstream(&ret, &size);

        fuzz_check(out && digest_new(&d, NULL) >= 0);
        digest_add(d, of, strlen(of));
        digest_end(d, digest);
        digest_free(d);
        put_digest(text, mark, digest, out);
        fuzz_check(fclose(out) == 0);
        free(text);
        return ret;
}

static void put_blob(const char *text) {
        _cleanup_free_ char *name = with_digest(strdup("blobs/sha256/D"), "D", text);

        fuzz_put(name, text, strlen(text));
}

static void look(int (*image_of)(int directory, const char *reference, OciImage **ret, Error **reterr), const char *reference) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(oci_image_freep) OciImage *image = NULL;
        int r = image_of(fuzz_directory(NULL), reference, &image, &error);

        fuzz_check_error(r, error);
        if (r >= 0) {
                fuzz_check(image->config && strv_length(image->config->diff_ids) == image->n_layers);
                for (size_t i = 0; i < image->n_layers; i++)
                        fuzz_check(image->layers[i].path || strlen(image->layers[i].blob.digest) == DIGEST_HEX_SIZE - 1);
        }
}

static void check_layout(FuzzInput *in) {
        _cleanup_free_ char *index = fuzz_string(in), *manifest = fuzz_string(in), *config = fuzz_string(in), *reference = fuzz_string(in);

        (void) mkdirat(fuzz_directory(NULL), "blobs", 0755);
        (void) mkdirat(fuzz_directory(NULL), "blobs/sha256", 0755);
        manifest = with_digest(manifest, "DIGEST2", config);
        index = with_digest(index, "DIGEST1", manifest);
        fuzz_put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
        fuzz_put("index.json", index, strlen(index));
        put_blob(manifest);
        put_blob(config);
        look(oci_layout_image, *reference ? reference : NULL);
        fuzz_clear();
}

static void check_docker(FuzzInput *in) {
        _cleanup_free_ char *manifest = fuzz_string(in), *config = fuzz_string(in), *reference = fuzz_string(in);

        fuzz_put("manifest.json", manifest, strlen(manifest));
        fuzz_put("config.json", config, strlen(config));
        look(docker_archive_image, *reference ? reference : NULL);
        fuzz_clear();
}

static void check_json(const char *text, size_t size) {
        _cleanup_json_ json_t *object = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_strv_ char **keys = NULL, **strings = NULL;
        _cleanup_json_ json_t *shown = json_text(text);
        int r = oci_json_load(text, size, 1 << 16, JSON_OBJECT, "it", &object, &error);

        fuzz_check(shown);
        fuzz_check_error(r, error);
        if (r < 0)
                return;
        r = oci_json_keys(object, "a", &keys, &error);
        fuzz_check_error(r, error);
        error_free(TAKE_PTR(error));
        r = oci_json_strings(object, "a", &strings, &error);
        fuzz_check_error(r, error);
}

void fuzz_oci(const uint8_t *data, size_t size) {
        FuzzInput in = { data, size };
        unsigned which = fuzz_byte(&in) % 5;
        _cleanup_free_ char *text = NULL;
        size_t n;

        if (which == 3)
                return check_layout(&in);
        if (which == 4)
                return check_docker(&in);
        text = fuzz_rest(&in, &n);
        if (which == 0)
                check_config(text, n);
        else if (which == 1)
                check_settings(text, n);
        else
                check_json(text, n);
}
