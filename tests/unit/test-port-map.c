/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ports as users write them, as nbox writes them, and what nobody wrote: whatever is taken must come back the same. */

#include <netinet/in.h>

#include "port-map.h"
#include "strv.h"

#include "unit.h"

static void takes(const char *text, const char *as) {
        _cleanup_(error_freep) Error *error = NULL;
        char shown[PORT_MAP_TEXT_MAX];
        PortMap map, again;

        assert_ok(port_map_parse(text, &map, &error));
        port_map_format(&map, shown);
        assert_string_equal(shown, as);
        assert_ok(port_map_parse(shown, &again, &error));
        assert_true(port_map_same(&map, &again));
}

static void refuses(const char *text, const char *why) {
        _cleanup_(error_freep) Error *error = NULL;
        PortMap map;

        if (port_map_parse(text, &map, &error) >= 0)
                fail_msg("'%s' is taken", text);
        assert_error_says(error, why);
        assert_non_null(error->hint);
}

static void test_forms(void **state) {
        (void) state;
        takes("80", "tcp:80:80");
        takes("8080:80", "tcp:8080:80");
        takes("tcp:8080:80", "tcp:8080:80");
        takes("udp:53", "udp:53:53");
        takes("53/udp", "udp:53:53");
        takes("5353:53/udp", "udp:5353:53");
        takes("udp:5353:53/udp", "udp:5353:53");
        takes("192.0.2.1:8080:80", "tcp:192.0.2.1:8080:80");
        takes("192.0.2.1:53/udp", "udp:192.0.2.1:53:53");
        takes("udp:192.0.2.1:53:53", "udp:192.0.2.1:53:53");
        takes("0.0.0.0:80", "tcp:0.0.0.0:80:80"); /* all of IPv4 */
        takes("[2001:db8::1]:8080:80", "tcp:[2001:db8::1]:8080:80");
        takes("udp:[2001:DB8:0::1]:53", "udp:[2001:db8::1]:53:53");
        takes("[::1]:8000-8001:80/tcp", "tcp:[::1]:8000-8001:80-81");
        takes("[::]:80", "tcp:[::]:80:80"); /* all of IPv6 */
        takes("[0:0::0]:80", "tcp:[::]:80:80");
        takes("udp:[2001:db8:1111:2222:3333:4444:5555:6666]:10000-65535:10000-65535",
              "udp:[2001:db8:1111:2222:3333:4444:5555:6666]:10000-65535:10000-65535");
        takes("127.0.0.1:80:8080", "tcp:127.0.0.1:80:8080");
        takes("8000-8099:9000-9099", "tcp:8000-8099:9000-9099");
        takes("8000-8099:9000", "tcp:8000-8099:9000-9099");
        takes("8000-8099", "tcp:8000-8099:8000-8099");
        takes("8000-8000:80", "tcp:8000:80");
        takes("1-65535", "tcp:1-65535:1-65535");
        takes("255.255.255.254:10000-65535:10000-65535/udp", "udp:255.255.255.254:10000-65535:10000-65535");
}

static void test_refusals(void **state) {
        (void) state;
        refuses("", "no port of the host");
        refuses("0", "no port of the host");
        refuses("65536", "no port of the host");
        refuses("80:", "no port of the machine");
        refuses(":80", "no port of the host");
        refuses("80:99999", "no port of the machine");
        refuses("80:81:82", "no port of the machine");
        refuses("http:80", "no port of the host");
        refuses("+80", "no port of the host");
        refuses(" 80", "no port of the host");
        refuses("80-", "no port of the host");
        refuses("80--81", "no port of the host");
        refuses("81-80", "ends before it begins");
        refuses("8000-8099:9000-9098", "host is 100 long, that of the machine 99");
        refuses("80:90-91", "host is 1 long, that of the machine 2");
        refuses("8000-8099:65500", "pass 65535");
        refuses("80/sctp", "sctp");
        refuses("80/", "''");
        refuses("tcp:80/udp", "both tcp and udp");
        refuses("tcp:udp:80", "no port of the host");
        refuses("[::1:80:80", "brackets");
        refuses("[::1]80:80", "brackets");
        refuses("[]:80", "no IPv6 address");
        refuses("[192.0.2.1]:80", "no IPv6 address");
        refuses("[::ffff:192.0.2.1]:80", "an IPv4 address");
        refuses("[::192.0.2.1]:80", "an IPv4 address");
        refuses("[fe80::1%eth0]:80", "for neighbours on one link");
        refuses("[fe80::1]:80", "for neighbours on one link");
        refuses("[ff02::1]:80", "no address of a host's");
        refuses("[2001:db8::1%0]:80", "for neighbours on one link");
        refuses("[2001:db8::1]", "brackets");
        refuses("[2001:db8::1]:", "no port of the host");
        refuses("2001:db8::1:80:80", "more colons than");
        refuses("::1:80", "more colons than");
        refuses("1:2:3:4", "more colons than");
        refuses("[[::1]]:80", "no IPv6 address");
        refuses("[0:0:0:0:0:0:0:0:1]:80", "no IPv6 address");
        refuses("1.2.3:80", "no IPv4 address");
        refuses("1.2.3.4.5:80", "no IPv4 address");
        refuses("224.0.0.1:80", "no IPv4 address");
        refuses("255.255.255.255:80", "no IPv4 address");
        refuses("192.0.2.1", "no port of the host");
        refuses("80\n", "no port of the host");
}

static void test_host_ports(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        PortMap map;

        (void) state;
        assert_ok(host_port_parse("5432:5433", &map, &error));
        assert_int_equal(map.host, 5432);
        assert_int_equal(map.machine, 5433);
        assert_int_equal(host_port_parse("192.0.2.1:80:80", &map, &error), -EINVAL);
}

static PortMap map_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        PortMap map;

        assert_ok(port_map_parse(text, &map, &error));
        return map;
}

static bool clash(const char *a, const char *b) {
        PortMap x = map_of(a), y = map_of(b);

        assert_int_equal(port_map_clash(&x, &y), port_map_clash(&y, &x));
        return port_map_clash(&x, &y);
}

static void test_clashes(void **state) {
        (void) state;
        assert_true(clash("80", "80:81"));
        assert_false(clash("80", "80/udp"));
        assert_true(clash("8000-8099", "8099"));
        assert_false(clash("8000-8099", "8100"));
        assert_true(clash("1-65535", "65535"));
        assert_true(clash("192.0.2.1:80", "80"));
        assert_false(clash("192.0.2.1:80", "192.0.2.2:80"));
        assert_true(clash("192.0.2.1:70-90", "192.0.2.1:80"));
        assert_true(clash("[2001:db8::1]:80", "80"));
        assert_true(clash("[2001:db8::1]:80", "[::]:80"));
        assert_false(clash("[2001:db8::1]:80", "[2001:db8::2]:80"));
        assert_false(clash("[2001:db8::1]:80", "192.0.2.1:80"));
        assert_false(clash("[::]:80", "0.0.0.0:80"));
        assert_true(clash("0.0.0.0:80", "192.0.2.1:80"));
}

static void test_list(void **state) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_strv_ char **texts = NULL;
        PortList list = {}, copy = {};
        PortMap a = map_of("80"), b = map_of("8000-8010:1"), c = map_of("8005");

        (void) state;
        assert_ok(port_list_add(&list, &a, port_map_clash, &error));
        assert_ok(port_list_add(&list, &b, port_map_clash, &error));
        assert_int_equal(port_list_add(&list, &c, port_map_clash, &error), -EEXIST);
        assert_error_says(error, "tcp:8005:8005 meets tcp:8000-8010:1-11");
        assert_ok(port_list_copy(&list, &copy));
        assert_false(port_list_remove(&list, &c));
        assert_true(port_list_remove(&list, &a));
        assert_ok(port_list_format(&list, &texts));
        assert_int_equal(strv_length(texts), 1);
        assert_string_equal(texts[0], "tcp:8000-8010:1-11");
        assert_int_equal(copy.n, 2);
        port_list_done(&list);
        port_list_done(&copy);
}

/* Words of the grammar in any order, with a fixed seed so that a failure comes again. */
static void test_anything(void **state) {
        static const char *const words[] = { "tcp", "udp", ":", "/", "-", ".", "0", "1", "80", "8000", "8099", "65535", "65536",
                                             "192.0.2.1", "[::1]", "[2001:db8::7]", "[", " ", "\n", "+", "999999999999" };
        uint64_t seed = 1;
        unsigned taken = 0;

        (void) state;
        for (unsigned i = 0; i < 200000; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                char text[256] = "", shown[PORT_MAP_TEXT_MAX];
                PortMap map, again;

                for (unsigned n = 1 + (seed >> 40) % 9; n > 0; n--) {
                        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
                        strcat(text, words[(seed >> 33) % ELEMENTSOF(words)]);
                }
                if (port_map_parse(text, &map, &error) < 0) {
                        assert_non_null(error);
                        continue;
                }
                taken++;
                assert_true(map.host > 0 && map.machine > 0 && map.count > 0);
                assert_true(map.host + map.count - 1 <= UINT16_MAX && map.machine + map.count - 1 <= UINT16_MAX);
                port_map_format(&map, shown);
                assert_ok(port_map_parse(shown, &again, &error));
                assert_true(port_map_same(&map, &again));
        }
        assert_true(taken > 1000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),     cmocka_unit_test(test_refusals), cmocka_unit_test(test_host_ports),
                cmocka_unit_test(test_clashes),   cmocka_unit_test(test_list),     cmocka_unit_test(test_anything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
