/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What an IPv6 range of a zone meets, and the choice of one that meets nothing. */

#include "unit.h"
#include "zone-range6.h"

static Range6 of(const char *text) {
        Range6 r;

        assert_int_equal(range6_parse(text, &r), 0);
        return r;
}

static const char *clash(HostRanges6 *host, const char *range, bool routed) {
        Range6 r = of(range);

        return host_ranges6_clash(host, &r, routed, "lab");
}

static void clashes(void **state _unused_) {
        HostRange6 items[] = {
                { .range = of("fd00:1::/48"), .what = "a route" },
                { .range = of("2001:db8:1::/48"), .what = "what is delegated" },
                { .range = of("fd00:2::/64"), .zone = "lab", .what = "its own bridge" },
                { .range = of("2001:db8:1:7::/64"), .zone = "web", .kept = true, .what = "the zone 'web'" },
        };
        HostRanges6 host = { items, ELEMENTSOF(items) };

        assert_string_equal(clash(&host, "fd00:1:0:5::/64", false), "a route");
        assert_null(clash(&host, "fd00:3::/64", false));
        assert_null(clash(&host, "fd00:2::/64", false));
        /* A part of what the world's route leads to; all of it is not for a zone, nor what another zone has. */
        assert_string_equal(clash(&host, "2001:db8:1:5::/64", false), "what is delegated");
        assert_null(clash(&host, "2001:db8:1:5::/64", true));
        assert_string_equal(clash(&host, "2001:db8:1::/48", true), "what is delegated");
        assert_string_equal(clash(&host, "2001:db8:1:7:8000::/80", true), "the zone 'web'");
}

static void choice(void **state _unused_) {
        HostRanges6 none = {};
        HostRange6 taken = { .what = "somebody's" };
        HostRanges6 host = { &taken, 1 };
        Range6 first, again, other, second;

        host_ranges6_choose(&none, "lab", &first);
        host_ranges6_choose(&none, "lab", &again);
        host_ranges6_choose(&none, "web", &other);
        assert_int_equal(first.prefix, 64);
        assert_int_equal(first.base.s6_addr[0], 0xfd);
        assert_memory_equal(&first.base, &again.base, sizeof(first.base));
        assert_memory_not_equal(&first.base, &other.base, sizeof(first.base));
        taken.range = first;
        host_ranges6_choose(&host, "lab", &second);
        assert_memory_not_equal(&first.base, &second.base, sizeof(first.base));
}

static void places(void **state _unused_) {
        static const struct {
                const char *range6;
                unsigned prefix;
                bool holds;
        } cases[] = {
                { "fd00::/64", 8, true },   { "fd00::/104", 8, true },   { "fd00::/105", 8, false },
                { "fd00::/112", 16, true }, { "fd00::/112", 15, false }, { "fd00::/112", 29, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Range6 r = of(cases[i].range6);

                assert_int_equal(range6_holds(&r, (Range){ 0x0a000000, cases[i].prefix }), cases[i].holds);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(clashes),
                cmocka_unit_test(choice),
                cmocka_unit_test(places),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
