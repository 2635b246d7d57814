/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iptables.h"

#include "unit.h"

#include <linux/netfilter/nf_nat.h>

static Rule port_rule(const char *tag, int protocol, uint16_t port, uint32_t address) {
        Rule r;

        rule_begin(&r, tag);
        rule_ports(&r, protocol, port, 1);
        rule_dnat(&r, address, (PortShift){ port, 80, 1 });
        return r;
}

static void layout(void **state _unused_) {
        Rule r = port_rule("nbox:machine:web", IPPROTO_TCP, 8080, 0x0a000002);

        assert_int_equal(r.entry.target_offset % XT_ALIGN(1), 0);
        assert_int_equal(r.entry.next_offset % XT_ALIGN(1), 0);
        assert_int_equal(r.entry.next_offset - r.entry.target_offset,
                         XT_ALIGN(sizeof(struct xt_entry_target) + sizeof(struct nf_nat_range2)));
        assert_string_equal(rule_tag(&r.entry), "nbox:machine:web");
}

/* The largest rule that is ever made, with the longest name. */
static void largest_fits(void **state _unused_) {
        char tag[TAG_MAX];
        Rule r;

        snprintf(tag, sizeof(tag), "nbox:machine:%064d", 1);
        rule_begin(&r, tag);
        rule_ports(&r, IPPROTO_TCP, 1, 100);
        rule_to_local(&r);
        rule_ctstate(&r, UINT16_MAX, true);
        rule_dnat(&r, 1, (PortShift){ 1, 1, 100 });
        assert_in_range(r.entry.next_offset, 1, sizeof(r));
        assert_string_equal(rule_tag(&r.entry), tag);
}

static bool meets(const Rule *r, int protocol, uint32_t address, uint16_t first, uint16_t last) {
        uint16_t port;

        return rule_meets_ports(&r->entry, (PortSpan){ protocol, address, first, last }, &port);
}

static void ports(void **state _unused_) {
        Rule all, one;
        uint16_t port = 0;

        rule_begin(&all, "t");
        rule_ports(&all, IPPROTO_UDP, 50, 10);
        assert_true(meets(&all, IPPROTO_UDP, 0, 59, 59));
        assert_true(meets(&all, IPPROTO_UDP, 7, 1, 50)); /* all addresses have that one too */
        assert_false(meets(&all, IPPROTO_TCP, 0, 53, 53));
        assert_false(meets(&all, IPPROTO_UDP, 0, 60, 70));
        assert_false(meets(&all, IPPROTO_UDP, 0, 1, 49));
        assert_true(rule_meets_ports(&all.entry, (PortSpan){ IPPROTO_UDP, 0, 40, 70 }, &port));
        assert_int_equal(port, 50);

        one = all;
        rule_destination(&one, 7, UINT32_MAX);
        assert_true(meets(&one, IPPROTO_UDP, 0, 55, 55));
        assert_true(meets(&one, IPPROTO_UDP, 7, 55, 55));
        assert_false(meets(&one, IPPROTO_UDP, 8, 55, 55));
}

/* 8042 of 8000-8099 -> 9000-9099 is 9042: the kernel adds the distance to base_proto. */
static void range_is_shifted(void **state _unused_) {
        const struct nf_nat_range2 *range;
        Rule r;

        rule_begin(&r, "t");
        rule_ports(&r, IPPROTO_TCP, 8000, 100);
        rule_dnat(&r, 1, (PortShift){ 8000, 9000, 100 });
        range = (const void *) ((const struct xt_entry_target *) (r.bytes + r.entry.target_offset))->data;
        assert_true(range->flags & NF_NAT_RANGE_PROTO_OFFSET);
        assert_int_equal(ntohs(range->base_proto.all), 8000);
        assert_int_equal(ntohs(range->min_proto.all), 9000);
        assert_int_equal(ntohs(range->max_proto.all), 9099);
}

static void sameness(void **state _unused_) {
        Rule a = port_rule("t", IPPROTO_TCP, 80, 1), same = a, tag = port_rule("u", IPPROTO_TCP, 80, 1),
             port = port_rule("t", IPPROTO_TCP, 81, 1), address = port_rule("t", IPPROTO_TCP, 80, 2), jump;

        same.entry.counters.pcnt = 7;
        assert_true(rule_same(&same.entry, "DNAT", &a));
        assert_false(rule_same(&tag.entry, "DNAT", &a));
        assert_false(rule_same(&port.entry, "DNAT", &a));
        assert_false(rule_same(&address.entry, "DNAT", &a));

        rule_begin(&jump, "t");
        rule_jump(&jump, "ACCEPT");
        assert_false(rule_same(&a.entry, "DNAT", &jump));
        assert_true(rule_same(&jump.entry, "ACCEPT", &jump));
        assert_false(rule_same(&jump.entry, "DROP", &jump));
}

static void interface_is_matched_whole(void **state _unused_) {
        Rule r;

        rule_begin(&r, "t");
        rule_in(&r, "nbox0", false);
        assert_int_equal(r.entry.ip.iniface_mask[5], 0xff); /* the NUL too: not nbox01 */
        assert_int_equal(r.entry.ip.iniface_mask[6], 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(layout),
                cmocka_unit_test(largest_fits),
                cmocka_unit_test(ports),
                cmocka_unit_test(range_is_shifted),
                cmocka_unit_test(sameness),
                cmocka_unit_test(interface_is_matched_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
