/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iptables.h"

#include "unit.h"

#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

static const int families[] = { AF_INET, AF_INET6 };

static struct ipt_entry *entry4(Rule *r) {
        return (struct ipt_entry *) r->bytes;
}

static struct ip6t_entry *entry6(Rule *r) {
        return (struct ip6t_entry *) r->bytes;
}

/* 10.0.0.N, 2001:db8::N */
static IpAddress address(int family, uint8_t n) {
        IpAddress a = { .family = family };

        if (family == AF_INET)
                a.v4 = 0x0a000000u | n;
        else
                a.v6 = (struct in6_addr){ { { 0x20, 0x01, 0x0d, 0xb8, [15] = n } } };
        return a;
}

static Rule port_rule(int family, const char *tag, uint16_t port, uint8_t host) {
        IpAddress to = address(family, host);
        Rule r;

        rule_begin(&r, family, tag);
        rule_ports(&r, IPPROTO_TCP, port, 1);
        rule_dnat(&r, &to, (PortShift){ port, 80, 1 });
        return r;
}

static void layout(void **state _unused_) {
        Rule r4 = port_rule(AF_INET, "nbox:machine:web", 8080, 2), r6 = port_rule(AF_INET6, "nbox:machine:web", 8080, 2);

        assert_int_equal(entry4(&r4)->target_offset % XT_ALIGN(1), 0);
        assert_int_equal(entry4(&r4)->next_offset % XT_ALIGN(1), 0);
        assert_int_equal(entry4(&r4)->next_offset - entry4(&r4)->target_offset,
                         XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_range2)));
        assert_string_equal(rule_tag(rule_view(&r4)), "nbox:machine:web");
        assert_int_equal(entry4(&r4)->ip.proto, IPPROTO_TCP);

        assert_int_equal(entry6(&r6)->target_offset % XT_ALIGN(1), 0);
        assert_int_equal(entry6(&r6)->next_offset - entry6(&r6)->target_offset,
                         XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_range2)));
        assert_string_equal(rule_tag(rule_view(&r6)), "nbox:machine:web");
        assert_int_equal(entry6(&r6)->ipv6.proto, IPPROTO_TCP);
        assert_true(entry6(&r6)->ipv6.flags & IP6T_F_PROTO); /* else all protocols would match */
}

static void addresses(void **state _unused_) {
        IpAddress from = address(AF_INET6, 0x10), to = address(AF_INET6, 7);
        struct in6_addr mask = { { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0 } } }, whole;
        Rule r;

        memset(&whole, 0xff, sizeof(whole));
        rule_begin(&r, AF_INET6, "t");
        rule_source(&r, &from, 60);
        rule_not_destination(&r, &to, 128);
        assert_memory_equal(&entry6(&r)->ipv6.src, &from.v6, 16);
        assert_memory_equal(&entry6(&r)->ipv6.smsk, &mask, 16);
        assert_memory_equal(&entry6(&r)->ipv6.dst, &to.v6, 16);
        assert_memory_equal(&entry6(&r)->ipv6.dmsk, &whole, 16);
        assert_int_equal(entry6(&r)->ipv6.invflags, IP6T_INV_DSTIP);

        from = address(AF_INET, 0);
        rule_begin(&r, AF_INET, "t");
        rule_source(&r, &from, 22);
        rule_destination(&r, &from, 32);
        assert_int_equal(ntohl(entry4(&r)->ip.src.s_addr), 0x0a000000);
        assert_int_equal(ntohl(entry4(&r)->ip.smsk.s_addr), 0xfffffc00);
        assert_int_equal(ntohl(entry4(&r)->ip.dmsk.s_addr), 0xffffffff);
        assert_int_equal(entry4(&r)->ip.invflags, 0);
}

/* The largest rule that is ever made, with the longest name. */
static void largest_fits(void **state _unused_) {
        IpAddress to = address(AF_INET6, 1);
        char tag[TAG_MAX];
        Rule r;

        snprintf(tag, sizeof(tag), "nbox:machine:%064d", 1);
        rule_begin(&r, AF_INET6, tag);
        rule_ports(&r, IPPROTO_TCP, 1, 100);
        rule_to_local(&r);
        rule_ctstate(&r, UINT16_MAX, true);
        rule_dnat(&r, &to, (PortShift){ 1, 1, 100 });
        assert_in_range(entry6(&r)->next_offset, 1, sizeof(r.bytes));
        assert_string_equal(rule_tag(rule_view(&r)), tag);
}

static bool meets(const Rule *r, int protocol, IpAddress a, uint16_t first, uint16_t last) {
        PortSpan span = { protocol, a, first, last };
        uint16_t port;

        return rule_meets_ports(rule_view(r), &span, &port);
}

static void ports(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                int f = families[i];
                IpAddress none = {}, any = { .family = f }, seven = address(f, 7), eight = address(f, 8);
                PortSpan span = { IPPROTO_UDP, none, 40, 70 };
                Rule all, one;
                uint16_t port = 0;

                rule_begin(&all, f, "t");
                rule_ports(&all, IPPROTO_UDP, 50, 10);
                assert_true(meets(&all, IPPROTO_UDP, none, 59, 59));
                assert_true(meets(&all, IPPROTO_UDP, seven, 1, 50)); /* all addresses have that one too */
                assert_false(meets(&all, IPPROTO_TCP, none, 53, 53));
                assert_false(meets(&all, IPPROTO_UDP, none, 60, 70));
                assert_false(meets(&all, IPPROTO_UDP, none, 1, 49));
                assert_true(rule_meets_ports(rule_view(&all), &span, &port));
                assert_int_equal(port, 50);

                one = all;
                rule_destination(&one, &seven, f == AF_INET ? 32 : 128);
                assert_true(meets(&one, IPPROTO_UDP, none, 55, 55));
                assert_true(meets(&one, IPPROTO_UDP, any, 55, 55));
                assert_true(meets(&one, IPPROTO_UDP, seven, 55, 55));
                assert_false(meets(&one, IPPROTO_UDP, eight, 55, 55));
        }
}

static const struct xt_entry_target *target(Rule *r) {
        size_t offset = r->family == AF_INET ? entry4(r)->target_offset : entry6(r)->target_offset;

        return (const void *) (r->bytes + offset);
}

/* 8042 of 8000-8099 -> 9000-9099 is 9042: the kernel adds the distance to base_proto. */
static void range_is_shifted(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const struct nf_nat_range2 *range;
                IpAddress to = address(families[i], 1);
                Rule r;

                rule_begin(&r, families[i], "t");
                rule_ports(&r, IPPROTO_TCP, 8000, 100);
                rule_dnat(&r, &to, (PortShift){ 8000, 9000, 100 });
                range = (const void *) target(&r)->data;
                assert_true(range->flags & NF_NAT_RANGE_PROTO_OFFSET);
                assert_int_equal(ntohs(range->base_proto.all), 8000);
                assert_int_equal(ntohs(range->min_proto.all), 9000);
                assert_int_equal(ntohs(range->max_proto.all), 9099);
                assert_int_equal(range->min_addr.all[families[i] == AF_INET ? 0 : 3], htonl(families[i] == AF_INET ? 0x0a000001 : 1));
                assert_memory_equal(&range->min_addr, &range->max_addr, sizeof(range->min_addr));
        }
}

static void sameness(void **state _unused_) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                int f = families[i];
                Rule a = port_rule(f, "t", 80, 1), same = a, tag = port_rule(f, "u", 80, 1), port = port_rule(f, "t", 81, 1),
                     other = port_rule(f, "t", 80, 2), jump, at = port_rule(f, "t", 80, 1);
                IpAddress seven = address(f, 7);

                if (f == AF_INET)
                        entry4(&same)->counters.pcnt = 7;
                else
                        entry6(&same)->counters.pcnt = 7;
                rule_destination(&at, &seven, 32);
                assert_true(rule_same(rule_view(&same), "DNAT", &a));
                assert_false(rule_same(rule_view(&tag), "DNAT", &a));
                assert_false(rule_same(rule_view(&port), "DNAT", &a));
                assert_false(rule_same(rule_view(&other), "DNAT", &a));
                assert_false(rule_same(rule_view(&at), "DNAT", &a));

                rule_begin(&jump, f, "t");
                rule_jump(&jump, "ACCEPT");
                assert_false(rule_same(rule_view(&a), "DNAT", &jump));
                assert_true(rule_same(rule_view(&jump), "ACCEPT", &jump));
                assert_false(rule_same(rule_view(&jump), "DROP", &jump));
        }
}

static void interface_is_matched_whole(void **state _unused_) {
        Rule r;

        rule_begin(&r, AF_INET, "t");
        rule_in(&r, "nbox0", false);
        assert_int_equal(entry4(&r)->ip.iniface_mask[5], 0xff); /* the NUL too: not nbox01 */
        assert_int_equal(entry4(&r)->ip.iniface_mask[6], 0);

        rule_begin(&r, AF_INET6, "t");
        rule_in(&r, "nbox0", false);
        rule_out(&r, "nz-lab", true);
        assert_string_equal(entry6(&r)->ipv6.iniface, "nbox0");
        assert_int_equal(entry6(&r)->ipv6.iniface_mask[5], 0xff);
        assert_int_equal(entry6(&r)->ipv6.iniface_mask[6], 0);
        assert_string_equal(entry6(&r)->ipv6.outiface, "nz-lab");
        assert_int_equal(entry6(&r)->ipv6.invflags, IP6T_INV_VIA_OUT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(layout),
                cmocka_unit_test(addresses),
                cmocka_unit_test(largest_fits),
                cmocka_unit_test(ports),
                cmocka_unit_test(range_is_shifted),
                cmocka_unit_test(sameness),
                cmocka_unit_test(interface_is_matched_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
