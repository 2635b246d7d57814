/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registration.h"

#include "unit.h"

static void names_of_units(void **state _unused_) {
        _cleanup_free_ char *scope = machine_scope_name("web-1"), *slice = machine_slice_name("web-1"),
                            *service = machine_service_name("web-1"), *detached = machine_transient_service_name("web-1"),
                            *keeper = machine_return_service_name("web-1");

        assert_string_equal(scope, "machine-web\\x2d1.scope");
        assert_string_equal(slice, "machine-web\\x2d1.slice");
        assert_string_equal(service, "nbox@web-1.service");
        assert_string_equal(detached, "nbox-boot-web-1.service");
        assert_string_equal(keeper, "nbox-return@web\\x2d1.service");
}

/* Slices nest at "-": however a name is made, its slice has exactly the one that lies in machine.slice. */
static void slices_do_not_nest(void **state _unused_) {
        static const char *const names[] = { "web", "web-1", "a.b", "a--b", "x-y-z" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *slice = machine_slice_name(names[i]);

                assert_ptr_equal(strchr(slice, '-'), strrchr(slice, '-'));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_of_units),
                cmocka_unit_test(slices_do_not_nest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
