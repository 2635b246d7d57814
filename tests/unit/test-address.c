/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.h"

#include "unit.h"

static void addresses(void **state _unused_) {
        static const char *const bad[] = { "", "10.1.0", "10.1.0.256", "10.1.0.1 ", " 10.1.0.1", "10.1.0.1/24", "0x0a.1.0.1", "::1" };
        char text[ADDRESS_TEXT_MAX];
        uint32_t a = 7;

        assert_int_equal(address_parse("10.1.0.254", &a), 0);
        assert_int_equal(a, 0x0a0100fe);
        assert_string_equal(address_format(a, text), "10.1.0.254");
        assert_string_equal(address_format(UINT32_MAX, text), "255.255.255.255");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(address_parse(bad[i], &a), -EINVAL);
        assert_int_equal(a, 0x0a0100fe);
}

static void both_families(void **state _unused_) {
        static const char *const bad[] = { "", "::ffff:10.1.0.1", "::", "fe80::1%eth0", "[::1]", "10.1.0", "2001:db8::/64", "1::2::3" };
        char text[IP_TEXT_MAX];
        IpAddress a = {}, b;

        assert_string_equal(ip_format(&a, text), "");
        assert_int_equal(ip_parse("2001:DB8:0::1", &a), 0);
        assert_string_equal(ip_format(&a, text), "2001:db8::1");
        assert_false(ip_is_loopback(&a));
        b = ip_v6(&a.v6);
        assert_true(ip_same(&a, &b));
        assert_int_equal(ip_parse("::1", &b), 0);
        assert_true(ip_is_loopback(&b));
        assert_false(ip_same(&a, &b));
        assert_int_equal(ip_parse("127.1.2.3", &a), 0);
        assert_true(ip_is_loopback(&a));
        assert_false(ip_same(&a, &b));
        assert_string_equal(ip_format(&a, text), "127.1.2.3");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(ip_parse(bad[i], &b), -EINVAL);
        a = ip_v4(0);
        assert_int_equal(a.family, 0);
}

static void macs(void **state _unused_) {
        static const char *const bad[] = {
                "", "02:00:5e:10:00", "02:00:5e:10:00:01:", "02:00:5e:10:00:0g", "2:00:5e:10:00:001", "02-00-5e-10-00-01",
                "+2:00:5e:10:00:01", " 2:00:5e:10:00:01", "02:00:5e:10:00:01 ",
        };
        uint8_t mac[6] = {};
        char text[MAC_TEXT_MAX];

        assert_int_equal(mac_parse("02:00:5E:10:00:ff", mac), 0);
        assert_string_equal(mac_format(mac, text), "02:00:5e:10:00:ff");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(mac_parse(bad[i], mac), -EINVAL);
        assert_string_equal(mac_format(mac, text), "02:00:5e:10:00:ff");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses),
                cmocka_unit_test(both_families),
                cmocka_unit_test(macs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
