/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iptables.h"

#include "unit.h"

#include <linux/netfilter/nf_nat.h>

static Rule port_rule(const char *tag, int protocol, uint16_t port, uint32_t address) {
        Rule r;

        rule_begin(&r, tag);
        rule_port(&r, protocol, port);
        rule_dnat(&r, address, 80);
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
        rule_port(&r, IPPROTO_TCP, 1);
        rule_to_local(&r);
        rule_ctstate(&r, UINT16_MAX);
        rule_dnat(&r, 1, 1);
        assert_in_range(r.entry.next_offset, 1, sizeof(r));
        assert_string_equal(rule_tag(&r.entry), tag);
}

static void ports(void **state _unused_) {
        Rule r = port_rule("t", IPPROTO_UDP, 53, 1);

        assert_true(rule_is_for_port(&r.entry, IPPROTO_UDP, 53));
        assert_false(rule_is_for_port(&r.entry, IPPROTO_TCP, 53));
        assert_false(rule_is_for_port(&r.entry, IPPROTO_UDP, 54));
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
        rule_in(&r, "nbox0");
        assert_int_equal(r.entry.ip.iniface_mask[5], 0xff); /* the NUL too: not nbox01 */
        assert_int_equal(r.entry.ip.iniface_mask[6], 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(layout),
                cmocka_unit_test(largest_fits),
                cmocka_unit_test(ports),
                cmocka_unit_test(sameness),
                cmocka_unit_test(interface_is_matched_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
