/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include "strv.h"
#include "unit.h"

static Identity *identity_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *copy = strdup(text);
        Identity *i = identity_new("web");

        assert_non_null(copy);
        assert_non_null(i);
        assert_ok(identity_parse(i, "file", copy, &error));
        return i;
}

static void text_survives(void **state _unused_) {
        _cleanup_(identity_freep) Identity *i = identity_of("# mine\n\nuids 1048576 65536\n\tchown  0 65536 1048576\ncategories c12,c733\n"), *again = NULL;
        _cleanup_free_ char *text = identity_format(i), *twice = NULL;

        again = identity_of(text);
        assert_int_equal(again->uids.base, 1048576);
        assert_int_equal(again->uids.count, 65536);
        assert_int_equal(again->chown_from.base, 0);
        assert_int_equal(again->chown_from.count, 65536);
        assert_int_equal(again->chown_to, 1048576);
        assert_string_equal(again->categories, "c12,c733");
        twice = identity_format(again);
        assert_string_equal(text, twice);
}

/* A newer nbox may keep more, and gets it back. */
static void what_is_unknown_is_kept(void **state _unused_) {
        _cleanup_(identity_freep) Identity *i = identity_of("subids 5 6 7 8 9\nuids 524288 65536\n");
        _cleanup_free_ char *text = identity_format(i);

        assert_int_equal(strv_length(i->unknown), 1);
        assert_non_null(strstr(text, "\nuids 524288 65536\nsubids 5 6 7 8 9\n"));
}

static void bad_lines_are_refused(void **state _unused_) {
        static const char *const bad[] = {
                "uids",          "uids 5",           "uids 5 0",       "uids -1 5",         "uids 1 2 3",
                "uids 4294967295 1", "uids 4294967290 9", "chown x 1 5",  "categories",        "categories c1 c2",
                "categories s0:c1", "Uids 1 2",      "uids 1\001 2",   "chown 0 65536",     "chown 0 65536 1 2",
        };

        for (size_t k = 0; k < ELEMENTSOF(bad); k++) {
                _cleanup_(identity_freep) Identity *i = identity_new("web");
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_free_ char *text = NULL;

                assert_true(asprintf(&text, "# one\n%s\n", bad[k]) > 0);
                assert_int_equal(identity_parse(i, "file", text, &error), -EINVAL);
                assert_error_says(error, "file:2: not a line");
        }
}

static void ranges_meet(void **state _unused_) {
        UidRange a = { 65536, 65536 }, last = { UINT32_MAX - 1, 1 };

        assert_true(idrange_meets(a, (UidRange){ 131071, 1 }));
        assert_false(idrange_meets(a, (UidRange){ 131072, 5 }));
        assert_false(idrange_meets(a, (UidRange){ 0, 65536 }));
        assert_true(idrange_meets(a, (UidRange){ 0, UINT32_MAX }));
        assert_false(idrange_meets(a, (UidRange){ 70000, 0 }));
        assert_true(idrange_has(a, 65536) && idrange_has(a, 131071));
        assert_false(idrange_has(a, 131072) || idrange_has(a, 0));
        assert_true(idrange_has(last, UINT32_MAX - 1));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_survives),
                cmocka_unit_test(what_is_unknown_is_kept),
                cmocka_unit_test(bad_lines_are_refused),
                cmocka_unit_test(ranges_meet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
