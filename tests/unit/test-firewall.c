/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What zones and machines need of the packet filter, in the words of both backends. */

#include "firewall-nft-elements.h"
#include "firewall-iptables-rules.h"

#include "unit.h"

#define ADDRESS(a, b, c, d) ((uint32_t) (a) << 24 | (b) << 16 | (c) << 8 | (d))

static FirewallZone zone(void) {
        return (FirewallZone){ .name = "lab", .bridge = "nz-lab", .range = { ADDRESS(10, 1, 4, 0), 22 } };
}

static const NftElement *find(const NftElements *l, NftSet set, const char *key) {
        NftElement like = { .set = set };

        snprintf(like.key, sizeof(like.key), "%s", key);
        return nft_elements_find(l, &like);
}

static void want(NftElements *l, const FirewallZone *z, const PortList *ports, const PortList *host_ports) {
        FirewallMachine m = {
                .name = "web", .bridge = z->bridge, .address = ADDRESS(10, 1, 4, 7), .gateway = ADDRESS(10, 1, 4, 1),
                .ports = ports, .host_ports = host_ports,
        };

        assert_int_equal(nft_elements_want(l, &(FirewallSet){ z, 1, &m, 1 }), 0);
}

static void zones_as_elements(void **state _unused_) {
        FirewallZone plain = zone(), shut = zone();
        NftElements l = {};

        want(&l, &plain, &(PortList){}, &(PortList){});
        assert_int_equal(l.n, 3);
        assert_string_equal(find(&l, NFT_SET_BRIDGES, "\"nz-lab\"")->tag, "nbox:zone:lab");
        assert_non_null(find(&l, NFT_SET_RANGES, "10.1.4.0/22"));
        assert_int_equal(find(&l, NFT_SET_RANGES, "10.1.4.0/22")->last, ADDRESS(10, 1, 7, 255));
        assert_non_null(find(&l, NFT_SET_NEIGHBOURS, "\"nz-lab\" . \"nz-lab\""));
        nft_elements_clear(&l);

        shut.isolated = shut.closed = true;
        shut.service = ADDRESS(10, 1, 7, 254);
        want(&l, &shut, &(PortList){}, &(PortList){});
        assert_null(find(&l, NFT_SET_NEIGHBOURS, "\"nz-lab\" . \"nz-lab\""));
        assert_non_null(find(&l, NFT_SET_ISOLATED, "\"nz-lab\" . \"nz-lab\""));
        assert_non_null(find(&l, NFT_SET_CLOSED, "\"nz-lab\""));
        assert_non_null(find(&l, NFT_SET_SERVICES, "10.1.7.254"));
        nft_elements_clear(&l);
}

static void ports_as_elements(void **state _unused_) {
        PortMap ports[] = {
                { .protocol = IPPROTO_TCP, .host = 8000, .machine = 9000, .count = 100 },
                { .protocol = IPPROTO_UDP, .address = ip_v4(ADDRESS(192, 0, 2, 1)), .host = 65535, .machine = 53, .count = 1 },
        };
        PortMap host_ports[] = { { .protocol = IPPROTO_TCP, .host = 5432, .machine = 15432, .count = 2 } };
        FirewallZone z = zone();
        NftElements l = {};

        want(&l, &z, &(PortList){ ports, 2 }, &(PortList){ host_ports, 1 });
        assert_int_equal(l.n, 3 + 100 + 1 + 2);
        assert_string_equal(find(&l, NFT_SET_TCP, "8042")->data, "10.1.4.7 . 9042");
        assert_string_equal(find(&l, NFT_SET_TCP, "8042")->tag, "nbox:machine:web");
        assert_null(find(&l, NFT_SET_TCP, "8100"));
        assert_string_equal(find(&l, NFT_SET_UDP_AT, "192.0.2.1 . 65535")->data, "10.1.4.7 . 53");
        assert_string_equal(find(&l, NFT_SET_TCP_HOST, "\"nz-lab\" . 10.1.4.7 . 10.1.4.1 . 15433")->data, "127.0.0.1 . 5433");
        nft_elements_clear(&l);
}

/* The largest that there are, so that none is ever cut short. */
static void longest_element(void **state _unused_) {
        PortMap port = { .protocol = IPPROTO_TCP, .host = 65535, .machine = 65535, .count = 1 };
        FirewallZone z = { .name = "abcdefghijkl", .bridge = "nz-abcdefghijkl", .range = { ADDRESS(192, 168, 252, 0), 22 } };
        FirewallMachine m = {
                .name = "a234567890123456789012345678901234567890123456789012345678901234", .bridge = z.bridge,
                .address = ADDRESS(192, 168, 255, 254), .gateway = ADDRESS(192, 168, 252, 111),
                .ports = &(PortList){}, .host_ports = &(PortList){ &port, 1 },
        };
        NftElements l = {};

        assert_int_equal(nft_elements_want(&l, &(FirewallSet){ &z, 1, &m, 1 }), 0);
        assert_non_null(find(&l, NFT_SET_TCP_HOST, "\"nz-abcdefghijkl\" . 192.168.255.254 . 192.168.252.111 . 65535"));
        assert_string_equal(tag_name(find(&l, NFT_SET_TCP_HOST, "\"nz-abcdefghijkl\" . 192.168.255.254 . 192.168.252.111 . 65535")->tag,
                                     MACHINE_TAG), m.name);
        nft_elements_clear(&l);
}

static void table_is_written_whole(void **state _unused_) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0, rules = 0;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        nft_table_write(f);
        assert_int_equal(fclose(f), 0);
        for (const char *at = text; (at = strstr(at, "add rule ")); at++)
                rules++;
        assert_int_equal(rules, nft_table_rules());
        assert_non_null(strstr(text, "add map ip nbox tcp_ports { type inet_service : ipv4_addr . inet_service; }\n"));
        assert_non_null(strstr(text, "add set ip nbox ranges { type ipv4_addr; flags interval; }\n"));
        assert_int_equal(nft_chain_rules("guard"), 2);
        assert_int_equal(nft_chain_rules("mine"), 0);
}

static void zones_as_rules(void **state _unused_) {
        Rule rules[ZONE_RULES_MAX];
        FirewallZone z = zone();

        assert_int_equal(rules_guard(&z, rules), 2);
        assert_int_equal(rules_masquerade(&z, rules), 3);
        assert_int_equal(rules_local(&z, rules), 1);
        assert_int_equal(rules_forward(&z, rules), 1);
        assert_true(rules[0].entry.ip.invflags & IPT_INV_VIA_IN); /* from other interfaces */
        z.isolated = z.closed = true;
        z.service = ADDRESS(10, 1, 7, 254);
        assert_int_equal(rules_forward(&z, rules), ZONE_RULES_MAX);
        for (size_t i = 0; i < ZONE_RULES_MAX; i++)
                assert_string_equal(rule_tag(&rules[i].entry), "nbox:zone:lab");
        assert_false(rules[ZONE_RULES_MAX - 2].entry.ip.invflags & IPT_INV_VIA_IN); /* from the zone itself, too */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(zones_as_elements),
                cmocka_unit_test(ports_as_elements),
                cmocka_unit_test(longest_element),
                cmocka_unit_test(table_is_written_whole),
                cmocka_unit_test(zones_as_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
