/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cleanup.h"
#include "shell-word.h"
#include "unit.h"

/* What sh makes of the words, one a line. */
static void read_back(const char *const *words) {
        _cleanup_free_ char *quoted = shell_words((char *const *) words), *command = NULL;
        FILE *f;

        assert_non_null(quoted);
        assert_true(asprintf(&command, "for word in %s; do printf '%%s\\0' \"$word\"; done", quoted) > 0);
        f = popen(command, "r");
        assert_non_null(f);
        for (; *words; words++) {
                char got[256] = "";

                for (size_t i = 0; i < sizeof(got); i++) {
                        int c = getc(f);

                        got[i] = (char) c;
                        if (c <= 0)
                                break;
                }
                assert_string_equal(got, *words);
        }
        assert_int_equal(getc(f), EOF);
        assert_int_equal(pclose(f), 0);
}

static void a_shell_reads_words_back(void **state) {
        const char *words[] = { "plain", "", " ", "a b", "it's", "'", "''", "\"", "$HOME", "$(id)", "`id`", "*", "?", "[a]", "~", "~root", "-n", "--", "a\nb", "\n", "\\", "\\n",
                          "a\\", "!", "#", "#a", ";", "&", "|", "<", ">", "(", "{a,b}", "a=b", "=ls", "\t", "\x01", "\x7f", "\xff\xfe", "…", "%s", NULL };

        (void) state;
        read_back(words);
}

static void every_byte_comes_back(void **state) {
        char bytes[256];

        (void) state;
        for (size_t i = 0; i < 255; i++)
                bytes[i] = (char) (i + 1);
        bytes[255] = 0;
        read_back((const char *const[]){ bytes, NULL });
}

static void plain_words_stay_as_they_are(void **state) {
        _cleanup_free_ char *plain = shell_word("/usr/bin/a-b_c.d:e@f,g+h%i=1"), *not = shell_word("a b");

        (void) state;
        assert_string_equal(plain, "/usr/bin/a-b_c.d:e@f,g+h%i=1");
        assert_string_equal(not, "'a b'");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_shell_reads_words_back),
                cmocka_unit_test(every_byte_comes_back),
                cmocka_unit_test(plain_words_stay_as_they_are),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
