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
                cmocka_unit_test(macs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
