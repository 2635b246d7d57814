/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "range.h"

#include "unit.h"

static Range range(const char *s) {
        Range r;

        if (range_parse(s, &r) < 0)
                fail_msg("'%s' is refused", s);
        return r;
}

static TakenRange taken(const char *s) {
        return (TakenRange){ .range = range(s), .what = "a route" };
}

static void text(void **state _unused_) {
        static const char *const good[] = { "10.0.0.0/8", "10.83.12.0/22", "192.168.1.8/29" };
        static const char *const bad[] = { "", "10.0.0.0", "10.0.0.0/", "10.0.0.0/7", "10.0.0.0/30", "10.0.0.1/24", "10.0.0/24",
                "10.0.0.0/24 ", " 10.0.0.0/24", "010.0.0.0/8x", "0.0.0.0/8", "127.8.0.0/16", "224.0.0.0/24", "255.255.255.0/24",
                "256.0.0.0/8", "10.0.0.0/-8", "111.111.111.1111/24" };
        char out[RANGE_TEXT_MAX];
        Range r;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                range_format(range(good[i]), out);
                assert_string_equal(out, good[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (range_parse(bad[i], &r) >= 0)
                        fail_msg("'%s' is accepted", bad[i]);
}

static void overlap(void **state _unused_) {
        assert_true(range_overlaps(range("10.0.0.0/8"), range("10.83.12.0/22")));
        assert_true(range_overlaps(range("10.83.12.0/22"), range("10.0.0.0/8")));
        assert_true(range_overlaps(range("10.1.0.0/24"), range("10.1.0.0/24")));
        assert_false(range_overlaps(range("10.1.0.0/24"), range("10.1.1.0/24")));
        assert_false(range_overlaps(range("10.0.0.0/8"), range("11.0.0.0/8")));
        assert_true(range_overlaps((Range){ 0x0a010203, 32 }, range("10.1.2.0/24")));
        assert_true(range_overlaps((Range){ 0, 0 }, range("10.1.2.0/24")));
}

static void catch_alls_are_passed_over(void **state _unused_) {
        const TakenRange vpn[] = { { { 0, 0 }, "default" }, { { 0, 1 }, "low half" }, { { 0x80000000, 1 }, "high half" } };
        Range r;

        assert_null(range_find_clash(range("10.1.0.0/24"), vpn, ELEMENTSOF(vpn)));
        assert_int_equal(range_choose(1, vpn, ELEMENTSOF(vpn), &r), 0);
        assert_int_equal(r.base >> 24, 10);
}

static void seeds_differ(void **state _unused_) {
        Range a, b;

        assert_int_equal(range_choose(4711, NULL, 0, &a), 0);
        assert_int_equal(range_choose(4712, NULL, 0, &b), 0);
        assert_int_not_equal(a.base, b.base);
        assert_int_equal(a.prefix, ZONE_PREFIX);
        assert_int_equal(a.base & ~range_mask(a), 0);
}

/* Whatever is taken, and wherever the search begins, the choice meets none of it. */
static void no_choice_clashes(void **state _unused_) {
        const TakenRange list[] = { taken("10.0.0.0/9"), taken("10.128.0.0/10"), taken("10.192.4.0/24"), taken("172.17.0.0/16") };

        for (uint64_t seed = 0; seed < 20000; seed += 7) {
                Range r;

                assert_int_equal(range_choose(seed, list, ELEMENTSOF(list), &r), 0);
                assert_null(range_find_clash(r, list, ELEMENTSOF(list)));
        }
}

static void next_block_when_one_is_taken(void **state _unused_) {
        const TakenRange list[] = { taken("10.0.0.0/8"), taken("172.16.0.0/12"), taken("192.168.0.0/17"), taken("192.168.128.0/17") };
        Range r;

        assert_int_equal(range_choose(5, list, 1, &r), 0);
        assert_int_equal(r.base >> 20, 0xac1);
        assert_int_equal(range_choose(5, list, 2, &r), 0);
        assert_int_equal(r.base >> 16, 0xc0a8);
        assert_int_equal(range_choose(5, list, 3, &r), 0);
        assert_true(range_overlaps(r, range("192.168.128.0/17")));
        assert_int_equal(range_choose(5, list, 4, &r), -ENOSPC);
}

static void slots(void **state _unused_) {
        Range r = range("192.168.1.8/29");

        assert_int_equal(range_gateway(r), 0xc0a80109);
        assert_int_equal(range_slots(r), 5);
        assert_int_equal(range_slot(r, 0), 0xc0a8010a);
        assert_int_equal(range_slot(r, 4), 0xc0a8010e); /* .15 is the broadcast address */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text),
                cmocka_unit_test(overlap),
                cmocka_unit_test(catch_alls_are_passed_over),
                cmocka_unit_test(seeds_differ),
                cmocka_unit_test(no_choice_clashes),
                cmocka_unit_test(next_block_when_one_is_taken),
                cmocka_unit_test(slots),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
