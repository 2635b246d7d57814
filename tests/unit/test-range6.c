/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "range6.h"

#include <errno.h>
#include <string.h>

#include "address.h"
#include "unit.h"

static void text(void **state _unused_) {
        static const char *const bad[] = { "", "fd00::", "fd00::/47", "fd00::/113", "fd00::1/64", "fe80::/64", "ff02::/64", "::/64", "10.0.0.0/64" };
        char text[RANGE6_TEXT_MAX];
        Range6 r = {};

        range6_format(&r, text);
        assert_string_equal(text, "");
        assert_int_equal(range6_parse("2001:db8:7::/56", &r), 0);
        range6_format(&r, text);
        assert_string_equal(text, "2001:db8:7::/56");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(range6_parse(bad[i], &r), -EINVAL);
        assert_int_equal(r.prefix, 56);
}

static Range6 range6(const char *text) {
        Range6 r;

        assert_int_equal(range6_parse(text, &r), 0);
        return r;
}

static void what_is_in_it(void **state _unused_) {
        Range6 wide = range6("2001:db8::/60"), inner = range6("2001:db8:0:f::/64"), other = range6("2001:db8:0:10::/64"), none = {};
        struct in6_addr a = range6_gateway(&inner);

        assert_true(range6_contains(&wide, &a));
        assert_false(range6_contains(&other, &a));
        assert_false(range6_contains(&none, &a));
        assert_true(range6_overlaps(&wide, &inner) && range6_overlaps(&inner, &wide));
        assert_false(range6_overlaps(&wide, &other));
}

static void places(void **state _unused_) {
        Range6 r = range6("fd12:3456:789a::/64");
        Range range = { 0x0a530c00, 22 };
        struct in6_addr a = range6_address(&r, range, 0x0a530e11);
        IpAddress ip = ip_v6(&a);
        char text[IP_TEXT_MAX];

        assert_string_equal(ip_format(&ip, text), "fd12:3456:789a::211");
        a = range6_gateway(&r);
        ip = ip_v6(&a);
        assert_string_equal(ip_format(&ip, text), "fd12:3456:789a::1");
}

static void choice(void **state _unused_) {
        Range6 a = range6_choose(0x123456789aULL, 0), b = range6_choose(0x123456789aULL, 1), again;
        char text[RANGE6_TEXT_MAX];

        assert_false(range6_overlaps(&a, &b));
        range6_format(&a, text);
        again = range6(text);
        assert_true(range6_overlaps(&a, &again));
        assert_int_equal(a.base.s6_addr[0], 0xfd);
        assert_int_equal(a.prefix, RANGE6_PREFIX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text),
                cmocka_unit_test(what_is_in_it),
                cmocka_unit_test(places),
                cmocka_unit_test(choice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
