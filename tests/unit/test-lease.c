/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include "unit.h"

static ZoneState *state_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *copy = strdup(text);
        ZoneState *s = calloc(1, sizeof(*s));

        assert_non_null(copy);
        assert_non_null(s);
        s->name = strdup("default");
        assert_ok(zone_state_parse(s, "file", copy, &error));
        return s;
}

static uint32_t choose(ZoneState *s, const char *machine, bool keep, const uint32_t *in_use, size_t n) {
        uint32_t address;
        bool changed;

        assert_int_equal(lease_choose(s, machine, keep, in_use, n, &address, &changed), 0);
        assert_true(range_contains(s->range, address));
        return address;
}

static void text_survives(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("# mine\n\nrange 10.1.0.0/24\nmachine web 10.1.0.7\n"
                                                            "machine\tweb-1  10.1.0.8\n"),
                                               *again = NULL;
        _cleanup_free_ char *text = zone_state_format(s);

        again = state_of(text);
        assert_int_equal(again->n_leases, 2);
        assert_int_equal(lease_find(again, "web-1")->address, 0x0a010008);
        assert_int_equal(again->range.prefix, 24);
}

static void bad_lines_are_named(void **state _unused_) {
        static const char *const bad[] = { "range\n", "range 10.0.0.1/24\n", "range 10.0.0.0/24 x\n", "machine web\n",
                "machine ../x 10.0.0.2\n", "machine web 10.0.0\n", "machine web 10.0.0.2 x\n", "zone x\n", "\x1b[2J\n" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(zone_state_freep) ZoneState *s = calloc(1, sizeof(*s));
                _cleanup_free_ char *text = NULL;

                assert_true(asprintf(&text, "# one\n%s", bad[i]) > 0);
                if (zone_state_parse(s, "the-file", text, &error) != -EINVAL)
                        fail_msg("'%s' is accepted", bad[i]);
                assert_error_says(error, "the-file:2:");
                assert_non_null(error->hint);
        }
}

static void addresses_are_stable(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/22\n"), *other = state_of("range 10.1.0.0/22\n");
        uint32_t first = choose(s, "web", true, NULL, 0);

        assert_int_equal(choose(s, "web", true, NULL, 0), first);
        assert_int_equal(s->n_leases, 1);
        assert_int_equal(choose(other, "web", false, NULL, 0), first); /* the name decides, also where nothing is kept */
        assert_int_equal(other->n_leases, 0);
}

/* Names that are thrown away take no address that is kept or in use. */
static void nobody_shares(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/25\n");
        uint32_t used[125] = {};

        for (size_t i = 0; i < ELEMENTSOF(used); i++) {
                char name[16];

                snprintf(name, sizeof(name), "m%zu", i);
                used[i] = choose(s, name, i % 2, used, i);
                assert_int_not_equal(used[i], range_gateway(s->range));
                for (size_t j = 0; j < i; j++)
                        assert_int_not_equal(used[i], used[j]);
        }
}

static void oldest_idle_lease_is_given_up(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/29\nmachine a 10.1.0.2\nmachine b 10.1.0.3\n"
                                                            "machine c 10.1.0.4\nmachine d 10.1.0.5\nmachine e 10.1.0.6\n");
        const uint32_t in_use[] = { 0x0a010002, 0x0a010004, 0x0a010003, 0x0a010005, 0x0a010006 };
        uint32_t address;
        bool changed;

        assert_int_equal(lease_choose(s, "new", true, in_use, ELEMENTSOF(in_use), &address, &changed), -ENOSPC);
        assert_int_equal(choose(s, "new", true, in_use, 2), 0x0a010003);
        assert_null(lease_find(s, "b"));
        assert_non_null(lease_find(s, "a"));
        assert_int_equal(lease_find(s, "new")->address, 0x0a010003);
}

static void leases_of_an_older_range_are_dropped(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.2.0.0/24\nmachine web 10.1.0.7\n");

        assert_int_equal(s->n_leases, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_survives),
                cmocka_unit_test(bad_lines_are_named),
                cmocka_unit_test(addresses_are_stable),
                cmocka_unit_test(nobody_shares),
                cmocka_unit_test(oldest_idle_lease_is_given_up),
                cmocka_unit_test(leases_of_an_older_range_are_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
