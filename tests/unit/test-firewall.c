/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What zones and machines need of the packet filter, in the words of both backends. */

#include "firewall-nft-elements.h"
#include "firewall-iptables-rules.h"
#include "port-map.h"

#include "unit.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#define ADDRESS(a, b, c, d) ((uint32_t) (a) << 24 | (b) << 16 | (c) << 8 | (d))

static FirewallZone zone(void) {
        return (FirewallZone){ .name = "lab", .bridge = "nz-lab", .range = { ADDRESS(10, 1, 4, 0), 22 } };
}

static const NftElement *find_of(const NftElements *l, int family, NftSet set, const char *key) {
        NftElement like = { .family = family, .set = set };

        snprintf(like.key, sizeof(like.key), "%s", key);
        return nft_elements_find(l, &like);
}

static const NftElement *find(const NftElements *l, NftSet set, const char *key) {
        return find_of(l, AF_INET, set, key);
}

static const NftElement *find6(const NftElements *l, NftSet set, const char *key) {
        return find_of(l, AF_INET6, set, key);
}

static Range6 range6(void) {
        Range6 r;

        assert_int_equal(range6_parse("fd12:3456:789a::/64", &r), 0);
        return r;
}

static void want(NftElements *l, const FirewallZone *z, const PortList *ports, const PortList *host_ports) {
        FirewallMachine m = {
                .name = "web", .bridge = z->bridge, .address = ADDRESS(10, 1, 4, 7), .gateway = ADDRESS(10, 1, 4, 1),
                .ports = ports, .host_ports = host_ports, .routed6 = z->routed6,
        };

        if (z->range6.prefix > 0)
                m.address6 = range6_address(&z->range6, z->range, m.address);
        assert_int_equal(nft_elements_want(l, &(FirewallSet){ z, 1, &m, 1 }), 0);
}

static void zones_as_elements(void **state _unused_) {
        FirewallZone plain = zone(), shut = zone();
        NftElements l = {};

        want(&l, &plain, &(PortList){}, &(PortList){});
        assert_int_equal(l.n, 3);
        assert_string_equal(find(&l, NFT_SET_BRIDGES, "\"nz-lab\"")->tag, "nbox:zone:lab");
        assert_non_null(find(&l, NFT_SET_RANGES, "10.1.4.0/22"));
        assert_memory_equal(find(&l, NFT_SET_RANGES, "10.1.4.0/22")->address, "\x0a\x01\x04\x00\x00", 5);
        assert_memory_equal(find(&l, NFT_SET_RANGES, "10.1.4.0/22")->last, "\x0a\x01\x07\xff\x00", 5);
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

static void zones_as_elements6(void **state _unused_) {
        FirewallZone plain = zone(), shut = zone();
        NftElements l = {};

        plain.range6 = shut.range6 = range6();
        want(&l, &plain, &(PortList){}, &(PortList){});
        assert_int_equal(l.n, 3 + 4);
        assert_non_null(find6(&l, NFT_SET_BRIDGES, "\"nz-lab\""));
        assert_non_null(find6(&l, NFT_SET_GUARDED, "\"nz-lab\""));
        assert_non_null(find6(&l, NFT_SET_NEIGHBOURS, "\"nz-lab\" . \"nz-lab\""));
        assert_memory_equal(find6(&l, NFT_SET_RANGES, "fd12:3456:789a::/64")->last,
                            "\xfd\x12\x34\x56\x78\x9a\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 16);
        nft_elements_clear(&l);

        shut.isolated = shut.closed = shut.uplinked = shut.routed6 = true;
        shut.service6 = range6_address(&shut.range6, shut.range, ADDRESS(10, 1, 7, 254));
        want(&l, &shut, &(PortList){}, &(PortList){});
        assert_null(find6(&l, NFT_SET_GUARDED, "\"nz-lab\""));
        assert_non_null(find6(&l, NFT_SET_ISOLATED, "\"nz-lab\" . \"nz-lab\""));
        assert_non_null(find6(&l, NFT_SET_CLOSED, "\"nz-lab\""));
        assert_non_null(find6(&l, NFT_SET_SERVICES, "fd12:3456:789a::3fe"));
        assert_non_null(find6(&l, NFT_SET_ROUTED, "fd12:3456:789a::/64"));
        nft_elements_clear(&l);
}

static void ports_as_elements6(void **state _unused_) {
        PortMap ports[4];
        FirewallZone z = zone();
        NftElements l = {};

        assert_int_equal(port_map_parse("8000-8001:9000", ports, NULL), 0);
        assert_int_equal(port_map_parse("udp:[2001:db8::1]:53:5353", ports + 1, NULL), 0);
        assert_int_equal(port_map_parse("192.0.2.1:54:54", ports + 2, NULL), 0);
        assert_int_equal(port_map_parse("[::1]:55:55", ports + 3, NULL), 0);
        z.range6 = range6();
        z.routed6 = true;
        want(&l, &z, &(PortList){ ports, 4 }, &(PortList){});
        assert_int_equal(l.n, 3 + 5 + 2 * 2 + 1 + 1 + 2);
        assert_string_equal(find(&l, NFT_SET_TCP, "8001")->data, "10.1.4.7 . 9001");
        assert_string_equal(find6(&l, NFT_SET_TCP, "8001")->data, "fd12:3456:789a::7 . 9001");
        assert_string_equal(find6(&l, NFT_SET_UDP_AT, "2001:db8::1 . 53")->data, "fd12:3456:789a::7 . 5353");
        assert_null(find6(&l, NFT_SET_TCP_AT, "::1 . 55"));
        assert_string_equal(find6(&l, NFT_SET_TCP_OWN, "fd12:3456:789a::7 . 9001")->tag, "nbox:machine:web");
        assert_null(find6(&l, NFT_SET_UDP_OWN, "fd12:3456:789a::7 . 5353")); /* it is published on one address alone */
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
        PortMap long6 = { .protocol = IPPROTO_UDP, .host = 65535, .machine = 65535, .count = 1 };
        FirewallZone z = { .name = "abcdefghijkl", .bridge = "nz-abcdefghijkl", .range = { ADDRESS(192, 168, 252, 0), 22 } };
        FirewallMachine m = {
                .name = "a234567890123456789012345678901234567890123456789012345678901234", .bridge = z.bridge,
                .address = ADDRESS(192, 168, 255, 254), .gateway = ADDRESS(192, 168, 252, 111),
                .ports = &(PortList){ &long6, 1 }, .host_ports = &(PortList){ &port, 1 },
        };
        NftElements l = {};

        assert_int_equal(ip_parse("2001:db8:1111:2222:3333:4444:5555:6666", &long6.address), 0);
        m.address6 = long6.address.v6;
        assert_int_equal(nft_elements_want(&l, &(FirewallSet){ &z, 1, &m, 1 }), 0);
        assert_string_equal(find6(&l, NFT_SET_UDP_AT, "2001:db8:1111:2222:3333:4444:5555:6666 . 65535")->data,
                            "2001:db8:1111:2222:3333:4444:5555:6666 . 65535");
        assert_non_null(find(&l, NFT_SET_TCP_HOST, "\"nz-abcdefghijkl\" . 192.168.255.254 . 192.168.252.111 . 65535"));
        assert_string_equal(tag_name(find(&l, NFT_SET_TCP_HOST, "\"nz-abcdefghijkl\" . 192.168.255.254 . 192.168.252.111 . 65535")->tag,
                                     MACHINE_TAG), m.name);
        nft_elements_clear(&l);
}

static void table_is_written_whole(void **state _unused_) {
        for (size_t i = 0; i < N_NFT_FAMILIES; i++) {
                _cleanup_free_ char *text = NULL;
                size_t size = 0, rules = 0;
                FILE *f = open_memstream(&text, &size);

                assert_non_null(f);
                nft_table_write(f, nft_families[i]);
                assert_int_equal(fclose(f), 0);
                for (const char *at = text; (at = strstr(at, "add rule ")); at++)
                        rules++;
                assert_int_equal(rules, nft_table_rules(nft_families[i]));
                assert_int_equal(nft_chain_rules(nft_families[i], "mine"), 0);
                assert_null(strchr(text, '$'));
                assert_null(strstr(text, nft_families[i] == AF_INET ? "ip6" : "ip "));
                if (nft_families[i] == AF_INET) {
                        assert_non_null(strstr(text, "add map ip nbox tcp_ports { type inet_service : ipv4_addr . inet_service; }\n"));
                        assert_non_null(strstr(text, "add set ip nbox ranges { type ipv4_addr; flags interval; }\n"));
                        assert_non_null(strstr(text, "add rule ip nbox published dnat ip to ip daddr . tcp dport map @tcp_ports_at\n"));
                        assert_int_equal(nft_chain_rules(AF_INET, "guard"), 2);
                } else {
                        assert_non_null(strstr(text, "add map ip6 nbox tcp_ports { type inet_service : ipv6_addr . inet_service; }\n"));
                        assert_non_null(strstr(text, "add rule ip6 nbox published dnat ip6 to ip6 daddr . tcp dport map @tcp_ports_at\n"));
                        assert_null(strstr(text, "host_ports"));
                        assert_int_equal(nft_chain_rules(AF_INET6, "guard"), 1);
                        assert_int_equal(nft_chain_rules(AF_INET6, "local"), 0);
                }
        }
}

static const struct ipt_entry *entry4(const Rule *r) {
        return (const struct ipt_entry *) r->bytes;
}

static const struct ip6t_entry *entry6(const Rule *r) {
        return (const struct ip6t_entry *) r->bytes;
}

static const char *target(const Rule *r) {
        size_t offset = r->family == AF_INET ? entry4(r)->target_offset : entry6(r)->target_offset;

        return ((const struct xt_entry_target *) (r->bytes + offset))->u.user.name;
}

static void zones_as_rules(void **state _unused_) {
        Rule rules[ZONE_RULES_MAX];
        FirewallZone z = zone();

        assert_int_equal(rules_guard(&z, AF_INET, rules), 2);
        assert_int_equal(rules_masquerade(&z, AF_INET, rules), 3);
        assert_int_equal(rules_local(&z, AF_INET, rules), 1);
        assert_int_equal(rules_routed(&z, AF_INET, rules), 0);
        assert_int_equal(rules_forward(&z, AF_INET, rules), 1);
        assert_true(entry4(rules)->ip.invflags & IPT_INV_VIA_IN); /* from other interfaces */
        z.isolated = z.closed = true;
        z.service = ADDRESS(10, 1, 7, 254);
        assert_int_equal(rules_forward(&z, AF_INET, rules), 6);
        for (size_t i = 0; i < 6; i++)
                assert_string_equal(rule_tag(rule_view(rules + i)), "nbox:zone:lab");
        assert_false(entry4(rules + 4)->ip.invflags & IPT_INV_VIA_IN); /* from the zone itself, too */
}

static void zones_as_rules6(void **state _unused_) {
        Rule rules[ZONE_RULES_MAX];
        FirewallZone z = zone();

        assert_int_equal(rules_guard(&z, AF_INET6, rules) + rules_masquerade(&z, AF_INET6, rules) + rules_local(&z, AF_INET6, rules) +
                         rules_forward(&z, AF_INET6, rules) + rules_routed(&z, AF_INET6, rules), 0);
        z.range6 = range6();
        assert_int_equal(rules_guard(&z, AF_INET6, rules), 5);
        assert_string_equal(target(rules + 4), "DROP"); /* what was none of the others */
        assert_int_equal(rules_masquerade(&z, AF_INET6, rules), 2);
        assert_int_equal(rules_local(&z, AF_INET6, rules), 0);
        assert_int_equal(rules_forward(&z, AF_INET6, rules), 1);
        assert_string_equal(target(rules), "DROP");

        z.isolated = z.closed = z.uplinked = true;
        z.service6 = range6_address(&z.range6, z.range, ADDRESS(10, 1, 7, 254));
        assert_int_equal(rules_guard(&z, AF_INET6, rules), 0);
        assert_int_equal(rules_forward(&z, AF_INET6, rules), 8);
        assert_false(entry6(rules + 6)->ipv6.invflags & IP6T_INV_VIA_IN);

        z = zone();
        z.range6 = range6();
        z.routed6 = true;
        assert_int_equal(rules_masquerade(&z, AF_INET6, rules), 1); /* only within */
        assert_int_equal(rules_forward(&z, AF_INET6, rules), 1);
        assert_string_equal(target(rules), RULES_ROUTED);
        assert_int_equal(rules_routed(&z, AF_INET6, rules), 1);
        assert_string_equal(target(rules), "DROP");
}

/* Which families a port has rules in. */
static void ports_as_rules(void **state _unused_) {
        static const struct {
                const char *port;
                bool v4, v6, own;
        } cases[] = {
                { "8080:80", true, true, true },
                { "192.0.2.1:8080:80", true, false, false },
                { "0.0.0.0:8080:80", true, false, false },
                { "[2001:db8::1]:8080:80", false, true, false },
                { "[::]:8080:80", false, true, true },
                { "[::1]:8080:80", false, false, false },
        };
        Range6 range = range6();
        FirewallMachine m = {
                .name = "web", .bridge = "nz-lab", .address = ADDRESS(10, 1, 4, 7), .gateway = ADDRESS(10, 1, 4, 1), .routed6 = true,
                .address6 = range6_address(&range, zone().range, ADDRESS(10, 1, 4, 7)),
        }, without = m, translated = m;
        PortMap map;
        Rule r;

        without.address6 = in6addr_any;
        translated.routed6 = false;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(port_map_parse(cases[i].port, &map, NULL), 0);
                assert_int_equal(rule_published(&r, AF_INET, &m, &map), cases[i].v4);
                assert_int_equal(rule_published(&r, AF_INET6, &m, &map), cases[i].v6);
                assert_int_equal(rule_routed(&r, AF_INET6, &m, &map), cases[i].own);
                assert_false(rule_routed(&r, AF_INET, &m, &map) || rule_host_port(&r, AF_INET6, &m, &map));
                assert_false(rule_published(&r, AF_INET6, &without, &map) || rule_routed(&r, AF_INET6, &without, &map));
                assert_false(rule_routed(&r, AF_INET6, &translated, &map));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(zones_as_elements),
                cmocka_unit_test(zones_as_elements6),
                cmocka_unit_test(ports_as_elements),
                cmocka_unit_test(ports_as_elements6),
                cmocka_unit_test(longest_element),
                cmocka_unit_test(table_is_written_whole),
                cmocka_unit_test(zones_as_rules),
                cmocka_unit_test(zones_as_rules6),
                cmocka_unit_test(ports_as_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
