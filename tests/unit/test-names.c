/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "names.h"
#include "unit.h"

static void is(const char *machine, const char *zone, const char *expected) {
        char names[NAMES_TEXT_MAX];

        names_of(machine, zone, names);
        assert_string_equal(names, expected);
}

static void test_plain_names(_unused_ void **state) {
        is("web", "default", "web web.default");
        is("Web-1", "a-b.c", "Web-1 Web-1.a-b.c");
        is("7", "lab", "7 7.lab");
}

static void test_names_of_others(_unused_ void **state) {
        is("host", "lab", "");
        is("HOST", "lab", "");
        is("lab", "lab", "lab.lab");
        is("LAB", "lab", "LAB.lab");
        is("localhost", "lab", "localhost.lab");
        is("www.example.org", "lab", "www.example.org.lab");
        is("web.lab", "lab", "web.lab.lab");
        is("hostess", "lab", "hostess hostess.lab");
}

/* A machine's name may have 64 bytes, a label of a name 63. */
static void test_long_names(_unused_ void **state) {
        char name[MACHINE_NAME_MAX + 1], expected[NAMES_TEXT_MAX];

        memset(name, 'x', 64);
        name[64] = 0;
        is(name, "abcdefghijkl", "");
        name[63] = 0;
        snprintf(expected, sizeof(expected), "%s %s.abcdefghijkl", name, name);
        is(name, "abcdefghijkl", expected);
        memset(name, 'x', 64);
        name[1] = '.';
        snprintf(expected, sizeof(expected), "%s.abcdefghijkl", name);
        is(name, "abcdefghijkl", expected);
}

static void test_paths(_unused_ void **state) {
        char path[NAMES_PATH_MAX];

        names_path("abcdefghijkl", NAMES_HOSTS, path);
        assert_string_equal(path, "/run/nbox/network/zones/abcdefghijkl/hosts");
        names_path("lab", NAMES_ZONE, path);
        assert_string_equal(path, "/run/nbox/network/zones/lab");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain_names),
                cmocka_unit_test(test_names_of_others),
                cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_paths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
