/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-stream.h"

#include "unit.h"

static const char head[] = "version 1\nname web-1\nkind disk\nbytes 1234\nfiles 1\nsettings nspawn\nmode 0640\nenabled yes\n";

static int parse(const char *text, StreamHead *ret, Error **error) {
        _cleanup_free_ char *copy = strdup(text);

        assert_non_null(copy);
        return stream_head_parse(copy, ret, error);
}

static void head_survives(void **state _unused_) {
        _cleanup_(stream_head_done) StreamHead h = {};
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *text = NULL, *path = NULL;

        assert_ok(parse(head, &h, &error));
        assert_string_equal(h.name, "web-1");
        assert_true(h.is_disk);
        assert_true(h.enabled);
        assert_int_equal(h.bytes, 1234);
        assert_int_equal(h.settings, STREAM_SETTINGS_NSPAWN);
        assert_int_equal(h.mode, 0640);
        text = stream_head_format(&h);
        assert_string_equal(text, head);
        path = stream_settings_path(&h);
        assert_string_equal(path, "settings/web-1.nspawn");
}

/* What a newer one adds without a new version is passed over. */
static void more_keys_are_passed_over(void **state _unused_) {
        _cleanup_(stream_head_done) StreamHead h = {};
        _cleanup_(error_freep) Error *error = NULL;
        char text[512];

        snprintf(text, sizeof(text), "%scolour red and blue\n", head);
        assert_ok(parse(text, &h, &error));
}

static void bad_heads_are_refused(void **state _unused_) {
        static const char *const bad[] = {
                "",
                "version 1\n",
                "version\n",
                "version 0\nname a\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname ../a\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a/b\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a\nname b\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a\nkind both\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes -1\nfiles 0\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 99999999999999999999\nsettings none\nmode 0644\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 0\nsettings /etc/passwd\nmode 0644\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 0\nsettings nbox\nmode 4755\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 0\nsettings nbox\nmode 0888\nenabled no\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\nenabled perhaps\n",
                "version 1\nname a\nkind tree\nbytes 0\nfiles 0\nsettings none\nmode 0644\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(stream_head_done) StreamHead h = {};
                _cleanup_(error_freep) Error *error = NULL;

                assert_int_equal(parse(bad[i], &h, &error), -EBADMSG);
                assert_error_says(error, "nbox-machine");
        }
}

static void newer_ones_are_told(void **state _unused_) {
        _cleanup_(stream_head_done) StreamHead h = {};
        _cleanup_(error_freep) Error *error = NULL;

        assert_int_equal(parse("version 2\nname a\n", &h, &error), -EBADMSG);
        assert_error_says(error, "newer nbox");
}

/* The last bytes follow from the digest alone, are of a known number, and are those of a tar. */
static void tail_is_known(void **state _unused_) {
        static const char digest[DIGEST_HEX_SIZE] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        uint8_t tail[STREAM_TAIL_MAX], wrapped[STREAM_TAIL_MAX];

        assert_int_equal(stream_tail(digest, false, tail), STREAM_TAIL_SIZE);
        assert_string_equal((char *) tail, "nbox-end");
        assert_memory_equal(tail + 257, "ustar", 6);
        assert_memory_equal(tail + 512, "sha256 0123456789", 17);
        assert_int_equal(stream_tail(digest, true, wrapped), STREAM_TAIL_ZSTD_SIZE);
        assert_true(stream_is_zstd(wrapped, sizeof(wrapped)));
        assert_false(stream_is_zstd(tail, sizeof(tail)));
        assert_memory_equal(wrapped + STREAM_TAIL_ZSTD_SIZE - STREAM_TAIL_SIZE, tail, STREAM_TAIL_SIZE);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(head_survives),     cmocka_unit_test(more_keys_are_passed_over), cmocka_unit_test(bad_heads_are_refused),
                cmocka_unit_test(newer_ones_are_told), cmocka_unit_test(tail_is_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
