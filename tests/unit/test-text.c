/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cgroup.h"
#include "cleanup.h"
#include "parse.h"
#include "text.h"
#include "unit.h"

static void an_id_comes_back(void **state) {
        const char *text = "0123456789abcdef0011223344556677";
        uint8_t id[16];
        char back[33];

        (void) state;
        assert_int_equal(parse_id128(text, id), 0);
        assert_string_equal(id128_to_text(id, back), text);
}

static void columns_are_characters(void **state) {
        (void) state;
        assert_int_equal(string_columns("", 0), 0);
        assert_int_equal(string_columns("abc", 2), 2);
        assert_int_equal(string_columns("a…ü", strlen("a…ü")), 3);
}

static void a_string_is_replaced_or_kept(void **state) {
        _cleanup_free_ char *s = NULL;

        (void) state;
        assert_int_equal(string_set(&s, "one"), 0);
        assert_int_equal(string_set(&s, "two"), 0);
        assert_string_equal(s, "two");
        assert_int_equal(string_set(&s, s), 0);
        assert_string_equal(s, "two");
        assert_int_equal(string_set(&s, NULL), 0);
        assert_null(s);
}

static void the_unified_group_of_a_process(void **state) {
        _cleanup_free_ char *alone = NULL, *hybrid = NULL, *none = NULL;

        (void) state;
        assert_int_equal(cgroup_parse("0::/machine.slice/a\n", &alone), 0);
        assert_string_equal(alone, "/machine.slice/a");
        assert_int_equal(cgroup_parse("4:memory:/x\n10::/no\n0::/yes", &hybrid), 0);
        assert_string_equal(hybrid, "/yes");
        assert_int_equal(cgroup_parse("4:memory:/x\n", &none), -ENOENT);
        assert_null(none);
}

static void a_group_below_another(void **state) {
        (void) state;
        assert_true(cgroup_is_below("/a/b", "/a"));
        assert_true(cgroup_is_below("/a", "/a"));
        assert_false(cgroup_is_below("/ab", "/a"));
        assert_false(cgroup_is_below("/a", "/a/b"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_id_comes_back),
                cmocka_unit_test(columns_are_characters),
                cmocka_unit_test(a_string_is_replaced_or_kept),
                cmocka_unit_test(the_unified_group_of_a_process),
                cmocka_unit_test(a_group_below_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
