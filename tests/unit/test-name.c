/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "name.h"

#include "unit.h"

static void good_names(void **state _unused_) {
        static const char *const names[] = { "a", "web", "web-1", "a.b", "A9", "x--y",
                "a234567890123456789012345678901234567890123456789012345678901234" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (!machine_name_is_valid(names[i]))
                        fail_msg("'%s' is refused", names[i]);
}

static void bad_names(void **state _unused_) {
        static const char *const names[] = { "", ".", "..", "-a", "a-", "a..b", "a/b", "a\nb", "a\x1b[31m", "a b", ".a", "a.",
                "a_b", "a.-b", "\xc3\xa9", "a2345678901234567890123456789012345678901234567890123456789012345" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(error_freep) Error *error = NULL;

                if (machine_name_is_valid(names[i]))
                        fail_msg("'%s' is accepted", names[i]);
                assert_int_equal(machine_name_check(names[i], &error), -EINVAL);
                assert_error_says(error, "is not a machine name");
                assert_non_null(error->hint);
        }
}

static void names_from_paths(void **state _unused_) {
        static const struct {
                const char *path, *name;
        } cases[] = {
                { "/var/lib/machines/web-1", "web-1" },
                { "/srv/my_tree@2///", "mytree2" },
                { "x..y", "x.y" },
                { "-.-a-.-", "a" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *name = NULL;

                assert_ok(machine_name_from_path(cases[i].path, &name, &error));
                assert_string_equal(name, cases[i].name);
        }
        assert_int_equal(machine_name_from_path("/", &(char *){ NULL }, NULL), -EINVAL);
        assert_int_equal(machine_name_from_path("___", &(char *){ NULL }, NULL), -EINVAL);
}

static void escapes_as_systemd_does(void **state _unused_) {
        _cleanup_free_ char *plain = unit_name_escape("web"), *dash = unit_name_escape("web-1"), *dot = unit_name_escape(".a.b");

        assert_string_equal(plain, "web");
        assert_string_equal(dash, "web\\x2d1");
        assert_string_equal(dot, "\\x2ea.b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_names),
                cmocka_unit_test(bad_names),
                cmocka_unit_test(names_from_paths),
                cmocka_unit_test(escapes_as_systemd_does),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
