/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "zone-state.h"

#include "strv.h"
#include "unit.h"

static ZoneState *state_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *copy = strdup(text);
        ZoneState *s = zone_state_new("lan");

        assert_non_null(copy);
        assert_non_null(s);
        assert_ok(zone_state_parse(s, "file", copy, &error));
        return s;
}

static void text_survives(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("# mine\n\nrange 10.1.0.0/24\ncreated\nisolated\nclosed\n"
                                                            "uplink eth1 vlan 12\nservice 10.1.0.254\nmachine web 10.1.0.7\n#: range6 fd12:3456:789a::/64\n"
                                                            "machine\tweb-1  10.1.0.8\nmachine web 10.1.0.9 nic 2\n"),
                                               *again = NULL;
        _cleanup_free_ char *text = zone_state_format(s), *twice = NULL;

        again = state_of(text);
        assert_int_equal(again->range.base, 0x0a010000);
        assert_int_equal(again->range.prefix, 24);
        assert_true(again->created && again->isolated && again->closed);
        assert_string_equal(again->uplink, "eth1");
        assert_int_equal(again->vlan, 12);
        assert_int_equal(again->service, 0x0a0100fe);
        assert_int_equal(again->range6.prefix, 64);
        assert_int_equal(again->range6.base.s6_addr[5], 0x9a);
        assert_false(again->routed6 || again->no_range6);
        assert_int_equal(again->n_leases, 3);
        assert_string_equal(again->leases[1].machine, "web-1");
        assert_int_equal(again->leases[2].nic, 2);
        assert_int_equal(again->leases[2].address, 0x0a010009);
        /* What the first nbox would refuse is a comment to it; but for what it must not pass over. */
        assert_non_null(strstr(text, "\n#: created\nisolated\n"));
        assert_non_null(strstr(text, "\n#: service 10.1.0.254\n"));
        assert_non_null(strstr(text, "\n#: machine web 10.1.0.9 nic 2\n"));
        assert_non_null(strstr(text, "\n#: range6 fd12:3456:789a::/64\n"));
        twice = zone_state_format(again);
        assert_string_equal(text, twice);
}

static void range6_is_none_or_routed(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *none = state_of("#: range6 none\n"), *routed = state_of("range6 2001:db8:1::/56 routed\n");
        _cleanup_free_ char *text = zone_state_format(none), *more = zone_state_format(routed);

        assert_true(none->no_range6);
        assert_int_equal(none->range6.prefix, 0);
        assert_non_null(strstr(text, "\n#: range6 none\n"));
        assert_true(routed->routed6);
        assert_int_equal(routed->range6.prefix, 56);
        assert_non_null(strstr(more, "\n#: range6 2001:db8:1::/56 routed\n"));
}

/* Options can be written by hand before a range is chosen. */
static void range_may_come_later(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("isolated\nuplink eth1\n");
        _cleanup_free_ char *text = zone_state_format(s);

        assert_int_equal(s->range.prefix, 0);
        assert_null(strstr(text, "range"));
        assert_non_null(strstr(text, "uplink eth1\n"));
}

static void lines_of_a_newer_nbox_are_kept(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("range 10.1.0.0/24\nrange-v6 fd00::/64\nmachine web 10.1.0.7\nmulticast\n");
        _cleanup_free_ char *text = zone_state_format(s);

        assert_int_equal(strv_length(s->unknown), 2);
        assert_non_null(strstr(text, "\nrange-v6 fd00::/64\n"));
        assert_non_null(strstr(text, "\nmulticast\n"));
        assert_int_equal(s->n_leases, 1);
}

static void bad_lines_are_named(void **state _unused_) {
        static const char *const bad[] = {
                "range\n", "range 10.0.0.1/24\n", "range 10.0.0.0/24 x\n", "created yes\n", "isolated 1\n", "closed no\n", "uplink\n",
                "uplink a/b\n", "uplink interface-too-long\n", "uplink eth1 vlan\n", "uplink eth1 vlan 0\n", "uplink eth1 vlan 4095\n",
                "uplink eth1 vlan 12 x\n", "service\n", "service 10.0.0\n", "service 10.0.0.2 x\n", "machine web\n",
                "machine ../x 10.0.0.2\n", "machine web 10.0.0\n", "machine web 10.0.0.2 x\n", "machine web 10.0.0.2 nic\n",
                "machine web 10.0.0.2 nic 0\n", "range6\n", "range6 10.0.0.0/24\n", "range6 none routed\n", "range6 fd00::/64 x\n",
                "machine web 10.0.0.2 nic 2 x\n", "\x1b[2J\n", "Range 10.0.0.0/24\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(zone_state_freep) ZoneState *s = zone_state_new("lan");
                _cleanup_free_ char *text = NULL;

                assert_true(asprintf(&text, "# one\n%s", bad[i]) > 0);
                if (zone_state_parse(s, "the-file", text, &error) != -EINVAL)
                        fail_msg("'%s' is accepted", bad[i]);
                assert_error_says(error, "the-file:2:");
                assert_non_null(error->hint);
        }
}

/* A file without end is not read without end. */
static void there_are_limits(void **state _unused_) {
        static const struct {
                const char *line;
                int n;
        } many[] = { { "machine web 10.1.0.7\n", ZONE_LEASES_MAX + 1 }, { "later\n", ZONE_UNKNOWN_MAX + 1 } };

        for (size_t i = 0; i < ELEMENTSOF(many); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(zone_state_freep) ZoneState *s = zone_state_new("lan");
                size_t length = strlen(many[i].line);
                _cleanup_free_ char *text = calloc((size_t) many[i].n + 1, length);

                for (int k = 0; k < many[i].n; k++)
                        memcpy(text + (size_t) k * length, many[i].line, length);
                assert_true(zone_state_parse(s, "the-file", text, &error) < 0);
                assert_non_null(error->hint);
        }
}

static void what_is_of_an_older_range_is_dropped(void **state _unused_) {
        _cleanup_(zone_state_freep) ZoneState *s = state_of("machine web 10.1.0.7\nservice 10.1.0.9\nrange 10.2.0.0/24\nmachine db 10.2.0.1\n"
                                                            "machine ok 10.2.0.2\n");

        assert_int_equal(s->n_leases, 1); /* nor can it have the gateway's */
        assert_string_equal(s->leases[0].machine, "ok");
        assert_int_equal(s->service, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_survives),
                cmocka_unit_test(range6_is_none_or_routed),
                cmocka_unit_test(range_may_come_later),
                cmocka_unit_test(lines_of_a_newer_nbox_are_kept),
                cmocka_unit_test(bad_lines_are_named),
                cmocka_unit_test(there_are_limits),
                cmocka_unit_test(what_is_of_an_older_range_is_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
