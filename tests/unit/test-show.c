/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"
#include "unit.h"

static char *printed(const Table *t, bool plain) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        table_print(t, out, plain);
        fclose(out);
        return text;
}

static void columns_are_aligned(void **state _unused_) {
        static const char *const headings[] = { "NAME", "OS", "X", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);
        _cleanup_free_ char *text = NULL, *plain = NULL;

        assert_int_equal(table_add(t, (const char *[]){ "a", "gr\xc3\xbcn", "1" }), 0);
        assert_int_equal(table_add(t, (const char *[]){ "longer", NULL, "" }), 0);
        text = printed(t, false);
        assert_string_equal(text, "NAME   OS   X\n"
                                  "a      gr\xc3\xbcn 1\n"
                                  "longer -    -\n");
        plain = printed(t, true);
        assert_string_equal(plain, "a      gr\xc3\xbcn 1\n"
                                   "longer -    -\n");
}

/* What a guest has named does not reach the terminal as it is. */
static void control_bytes_are_replaced(void **state _unused_) {
        static const char *const headings[] = { "OS", NULL };
        _cleanup_(table_freep) Table *t = table_new(headings);
        _cleanup_free_ char *text = NULL;
        char buf[4];

        assert_int_equal(table_add(t, (const char *[]){ "a\x1b[31m\nb\x7f" }), 0);
        text = printed(t, true);
        assert_string_equal(text, "a?[31m?b?\n");
        assert_string_equal(show_text("\x1b" "abcdef", buf, sizeof(buf)), "?ab");
}

static void json_of_text(void **state _unused_) {
        json_t *null = json_text(NULL), *text = json_text("gr\xc3\xbcn \"x\"\n"), *broken = json_text("a\xff" "b");

        assert_true(json_is_null(null));
        assert_string_equal(json_string_value(text), "gr\xc3\xbcn \"x\"\n");
        assert_string_equal(json_string_value(broken), "a?b");
        json_decref(text);
        json_decref(broken);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(columns_are_aligned),
                cmocka_unit_test(control_bytes_are_replaced),
                cmocka_unit_test(json_of_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
