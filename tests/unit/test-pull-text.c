/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sums.h"
#include "unit.h"
#include "url.h"
#include "verify.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define B_LARGE "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static int find(const char *text, const char *name, bool only, char ret[DIGEST_HEX_SIZE]) {
        return sums_find(text, strlen(text), name, only, ret);
}

static void lists_of_digests(void **state _unused_) {
        static const struct {
                const char *text, *name;
                bool only;
                int outcome;
                const char *hex;
        } cases[] = {
                { A "  a.tar\n" B "  b.tar\n", "b.tar", false, 1, B },
                { A "  a.tar\n" B "  b.tar", "b.tar", false, 1, B },
                { A " *a.tar\r\n", "a.tar", false, 1, A },
                { A "  ./a.tar\n", "a.tar", false, 1, A },
                { "SHA256 (a b.tar) = " B_LARGE "\n", "a b.tar", false, 1, B },
                { "# a list\n\n" A "  a.tar\n", "a.tar", false, 1, A },
                { A "  a.tar\n" A "  a.tar\n", "a.tar", false, 1, A },
                { A "  a.tar\n" B "  a.tar\n", "a.tar", false, -EBADMSG, NULL },
                { A "  a.tar.xz\n", "a.tar", false, 0, NULL },
                { A "  old/a.tar\n", "a.tar", false, 0, NULL },
                { A "a  a.tar\n", "a.tar", false, 0, NULL },
                { A " a.tar\n", "a.tar", false, 0, NULL },
                { "aaaa  a.tar\n", "a.tar", false, 0, NULL },
                { "", "a.tar", false, 0, NULL },
                { A "\n", "a.tar", false, 0, NULL },
                { A "\n", "a.tar", true, 1, A },
                { A, "a.tar", true, 1, A },
                { A "  b.tar\n", "a.tar", true, 0, NULL },
                { "SHA256 (", "a.tar", false, 0, NULL },
                { "SHA256 () = " A "\n", "", false, 0, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char hex[DIGEST_HEX_SIZE] = "";

                if (find(cases[i].text, cases[i].name, cases[i].only, hex) != cases[i].outcome)
                        fail_msg("'%s' in '%s'", cases[i].name, cases[i].text);
                assert_string_equal(hex, cases[i].hex ?: "");
        }
}

static void a_list_that_is_no_text(void **state _unused_) {
        static const char text[] = A "  a.tar\n\0" B "  a.tar\n";
        char hex[DIGEST_HEX_SIZE];

        assert_int_equal(sums_find(text, sizeof(text) - 1, "a.tar", false, hex), 0);
}

static void urls_that_are_asked(void **state _unused_) {
        static const char *const good[] = { "http://h/f", "https://h:8443/d/f.tar.xz?x=y", "HTTPS://u:p@h/f", "http://[::1]:80/f" };
        static const char *const bad[] = { "",        "f.tar",        "/f.tar",        "file:///etc/passwd", "ftp://h/f", "http://",
                                           "http:///f", "https://u:p@/f", "http://h/a b", "http://h/\n",      "http://h/\xc3\xa4", "javascript:x" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_int_equal(url_check(good[i], NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (url_check(bad[i], &error) >= 0)
                        fail_msg("'%s'", bad[i]);
                assert_non_null(error);
        }
}

static void what_is_shown_has_no_password(void **state _unused_) {
        static const char *const cases[][2] = {
                { "https://u:p@h/d/f.tar#x", "https://h/d/f.tar" },
                { "http://h/f?a=@b", "http://h/f?a=@b" },
                { "http://u:a@b@h/f", "http://h/f" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *shown = url_public(cases[i][0]);

                assert_string_equal(shown, cases[i][1]);
        }
}

static void files_beside(void **state _unused_) {
        _cleanup_free_ char *beside = url_beside("https://u:p@h/d/f.tar?x=/y", "SHA256SUMS"), *suffixed = url_suffixed("http://h/f.tar?x#y", ".sha256");

        assert_string_equal(beside, "https://u:p@h/d/SHA256SUMS");
        assert_string_equal(suffixed, "http://h/f.tar.sha256");
}

static void names_of_files(void **state _unused_) {
        static const struct {
                const char *url, *name; /* NULL: it has none */
        } cases[] = {
                { "http://h/d/f.tar.xz", "f.tar.xz" }, { "http://h/a%20b%2etar?x", "a b.tar" }, { "http://h/d/", NULL },
                { "http://h", NULL },                  { "http://h/%2e%2e", NULL },             { "http://h/a%2fb", NULL },
                { "http://h/a%00b", NULL },            { "http://h/a%0ab", NULL },              { "http://h/a%2", "a%2" },
                { "http://h/%zz", "%zz" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *name = NULL;

                assert_int_equal(url_file(cases[i].url, &name, NULL) >= 0, cases[i].name != NULL);
                if (cases[i].name)
                        assert_string_equal(name, cases[i].name);
        }
}

static void modes(void **state _unused_) {
        VerifyMode mode;

        assert_int_equal(verify_mode_parse("checksum", &mode), 0);
        assert_int_equal(mode, VERIFY_CHECKSUM);
        assert_int_equal(verify_mode_parse("", &mode), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lists_of_digests),     cmocka_unit_test(a_list_that_is_no_text),
                cmocka_unit_test(urls_that_are_asked),  cmocka_unit_test(what_is_shown_has_no_password),
                cmocka_unit_test(files_beside),         cmocka_unit_test(names_of_files),
                cmocka_unit_test(modes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
