/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a machine has on the host's network, as text and back; and what becomes of ports that came and went by hand. */

#include "endpoint.h"
#include "port-map.h"

#include "unit.h"

static const char all[] =
        "Nic=default 10.1.2.3 02:00:00:0a:ff:01 fd12:3456:789a::203\n"
        "Nic=lab 10.9.0.2 02:00:00:00:00:02\n"
        "Port=tcp:8080:80\n"
        "Port=udp:192.0.2.1:5000-5010:6000-6010\n"
        "HostPort=tcp:5432:5432\n"
        "AddedPort=tcp:8080:80\n"
        "RemovedPort=tcp:81:81\n"
        "IngressRate=100000000\n";

static Endpoint *parse(const char *from) {
        _cleanup_(error_freep) Error *error = NULL;
        char text[4096];
        Endpoint *e = endpoint_new("web");

        assert_non_null(e);
        snprintf(text, sizeof(text), "%s", from);
        assert_ok(endpoint_parse(e, "web", text, &error));
        return e;
}

static void says(const Endpoint *e, const char *text) {
        _cleanup_free_ char *got = endpoint_format(e);

        assert_string_equal(got, text);
}

static void there_and_back(void **state _unused_) {
        _cleanup_(endpoint_freep) Endpoint *e = parse(all);

        assert_int_equal(e->n_nics, 2);
        assert_string_equal(e->nics[1].zone, "lab");
        assert_int_equal(e->nics[0].address, 0x0a010203);
        assert_int_equal(e->nics[0].mac[4], 0xff);
        assert_int_equal(e->nics[0].address6.s6_addr[14], 2);
        assert_true(IN6_IS_ADDR_UNSPECIFIED(&e->nics[1].address6));
        says(e, all);
}

static void interfaces_in_no_zone(void **state _unused_) {
        static const char text[] = "Nic=default 10.1.2.3 02:00:00:0a:ff:01 name=lan0\nNic=lab 10.1.3.3 02:00:00:0a:ff:02\n"
                                   "Link=0 ve-web 02:00:00:00:00:01 veth,address=192.0.2.7/24,gateway=192.0.2.1,name=host2\n"
                                   "Link=1 ve-web_1 02:00:00:00:00:02 veth,name=host3\nLink=0 - 02:00:00:00:00:03 macvlan:eth0,name=mv-eth0\n";
        _cleanup_(endpoint_freep) Endpoint *e = parse(text);

        assert_int_equal(e->n_nics, 2);
        assert_string_equal(e->nics[0].name, "lan0");
        assert_string_equal(e->nics[1].name, "host1");
        assert_int_equal(e->n_links, 3);
        assert_int_equal(e->links[1].config.kind, NIC_VETH);
        assert_string_equal(e->links[1].host, "ve-web_1");
        assert_string_equal(e->links[2].host, "");
        assert_string_equal(e->links[2].config.link, "eth0");
        assert_int_equal(endpoint_free_number(e, NIC_VETH), 2);
        assert_int_equal(endpoint_free_number(e, NIC_BRIDGE), 0);
        says(e, text);
}

static void what_is_new_is_passed_over(void **state _unused_) {
        _cleanup_(endpoint_freep) Endpoint *e = parse("# c\n\nFuture=x y\nNic=default 10.1.2.3 02:00:00:0a:ff:01 more\nPort=tcp:1:1\n");

        says(e, "Nic=default 10.1.2.3 02:00:00:0a:ff:01\nPort=tcp:1:1\n");
}

static void damage_is_refused(void **state _unused_) {
        static const char *const bad[] = { "x", "Nic=", "Nic=a", "Nic=a b c", "Nic=default 10.1.2.3 02:00:00:0a:ff", "Port=x",
                                           "Nic=default 10.1.2.3 02:00:00:0a:ff:01x", "IngressRate=-1", "Nic=../x 10.1.2.3 02:00:00:0a:ff:01",
                                           "Nic=thirteenbytes 10.1.2.3 02:00:00:0a:ff:01", "Link=0", "Link=0 x 02:00:00:00:00:01",
                                           "Link=9 x 02:00:00:00:00:01 veth", "Link=0 a/b 02:00:00:00:00:01 veth", "Link=0 x y veth" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(endpoint_freep) Endpoint *e = endpoint_new("web");
                char text[128];

                snprintf(text, sizeof(text), "Port=tcp:1:1\n%s\n", bad[i]);
                assert_int_equal(endpoint_parse(e, "web", text, &error), -EBADMSG);
                assert_error_says(error, "web:2:");
        }
}

static void too_many_nics(void **state _unused_) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(endpoint_freep) Endpoint *e = endpoint_new("web");
        char text[1024] = "";

        for (unsigned i = 0; i <= NICS_MAX; i++)
                strcat(text, "Nic=default 10.1.2.3 02:00:00:0a:ff:01\n");
        assert_int_equal(endpoint_parse(e, "web", text, &error), -EBADMSG);
}

static PortMap map_of(const char *text) {
        _cleanup_(error_freep) Error *error = NULL;
        PortMap map;

        assert_ok(port_map_parse(text, &map, &error));
        return map;
}

static int add(Endpoint *e, const char *text, Error **reterr) {
        PortMap map = map_of(text);

        return endpoint_add_port(e, PORT_PUBLISHED, &map, reterr);
}

static int take(Endpoint *e, const char *text, Error **reterr) {
        PortMap map = map_of(text), gone;

        return endpoint_remove_port(e, PORT_PUBLISHED, &map, &gone, reterr);
}

static void by_hand(void **state _unused_) {
        _cleanup_(endpoint_freep) Endpoint *e = parse("Port=tcp:80:80\n");
        _cleanup_(error_freep) Error *error = NULL;

        assert_ok(add(e, "81", &error));
        says(e, "Port=tcp:80:80\nPort=tcp:81:81\nAddedPort=tcp:81:81\n");
        assert_ok(take(e, "80", &error));
        says(e, "Port=tcp:81:81\nAddedPort=tcp:81:81\nRemovedPort=tcp:80:80\n");
        assert_ok(take(e, "81", &error));
        says(e, "RemovedPort=tcp:80:80\n");
        assert_ok(add(e, "80", &error));
        says(e, "Port=tcp:80:80\n");
        assert_int_equal(add(e, "70-90", &error), -EEXIST);
        assert_int_equal(take(e, "80:81", &error), -ENOENT);
        says(e, "Port=tcp:80:80\n");
        /* The machine's side need not be said again. */
        assert_ok(add(e, "8080:81", &error));
        assert_ok(take(e, "8080", &error));
        says(e, "Port=tcp:80:80\n");
}

static void next_life(void **state _unused_) {
        _cleanup_(endpoint_freep) Endpoint *before = parse("AddedPort=tcp:81:81\nAddedPort=tcp:82:1\nAddedPort=tcp:83:83\nRemovedPort=tcp:80:80\n"
                                                           "RemovedPort=tcp:90:90\nAddedHostPort=tcp:5432:5432\n");
        /* Since then 83 was configured, 82 otherwise, and 90 no longer. */
        _cleanup_(endpoint_freep) Endpoint *e = parse("Port=tcp:80:80\nPort=tcp:82:2\nPort=tcp:83:83\n");

        assert_int_equal(endpoint_take_changes(e, before), 0);
        says(e, "Port=tcp:82:2\nPort=tcp:83:83\nPort=tcp:81:81\nHostPort=tcp:5432:5432\nAddedPort=tcp:81:81\nRemovedPort=tcp:80:80\n"
                "AddedHostPort=tcp:5432:5432\n");
        assert_int_equal(endpoint_take_changes(e, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_and_back), cmocka_unit_test(interfaces_in_no_zone), cmocka_unit_test(what_is_new_is_passed_over), cmocka_unit_test(damage_is_refused),
                cmocka_unit_test(too_many_nics),  cmocka_unit_test(by_hand),                    cmocka_unit_test(next_life),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
