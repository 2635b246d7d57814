/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A rule is one blob: struct ipt_entry or ip6t_entry, then matches, then one target, each with its own size, all aligned. The
 * structures are the kernel's (linux/netfilter). The two entries begin alike but for the width of addresses, and end alike; a Layout
 * says where. */

#include "iptables.h"

#include <limits.h> /* which linux/netfilter_ipv4.h forgets */
#include <net/if.h> /* these two before the kernel's headers, which then leave their names alone */
#include <netinet/in.h>

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <string.h>

typedef struct Layout {
        size_t address;        /* bytes of one: source, destination, source's mask, destination's mask come first */
        size_t interfaces;     /* four of IFNAMSIZ: in, out, in's mask, out's mask */
        size_t protocol;       /* 16 bits */
        size_t flags;
        uint8_t flag_protocol; /* without it the protocol does not count */
        size_t inverted;       /* the flags that turn a condition round; the last of what is compared */
        size_t offsets;        /* 16 bits each: of the target, of the next entry */
        size_t size;
} Layout;

static const Layout layout4 = {
        .address = sizeof(struct in_addr),
        .interfaces = offsetof(struct ipt_entry, ip.iniface),
        .protocol = offsetof(struct ipt_entry, ip.proto),
        .flags = offsetof(struct ipt_entry, ip.flags),
        .inverted = offsetof(struct ipt_entry, ip.invflags),
        .offsets = offsetof(struct ipt_entry, target_offset),
        .size = sizeof(struct ipt_entry),
};

static const Layout layout6 = {
        .address = sizeof(struct in6_addr),
        .interfaces = offsetof(struct ip6t_entry, ipv6.iniface),
        .protocol = offsetof(struct ip6t_entry, ipv6.proto),
        .flags = offsetof(struct ip6t_entry, ipv6.flags),
        .flag_protocol = IP6T_F_PROTO,
        .inverted = offsetof(struct ip6t_entry, ipv6.invflags),
        .offsets = offsetof(struct ip6t_entry, target_offset),
        .size = sizeof(struct ip6t_entry),
};

_Static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT && IPT_INV_DSTIP == IP6T_INV_DSTIP,
               "flags are the same in both families");

enum { SOURCE, DESTINATION, MASKS }; /* addresses in their order, and how far their masks are behind them */
enum { IN, OUT };

static const Layout *layout_of(int family) {
        return family == AF_INET6 ? &layout6 : &layout4;
}

/* ---- making ---- */

static uint16_t *target_offset(Rule *r) {
        return (uint16_t *) (void *) (r->bytes + layout_of(r->family)->offsets);
}

static uint16_t *next_offset(Rule *r) {
        return target_offset(r) + 1;
}

RuleView rule_view(const Rule *r) {
        return (RuleView){ r->family, r->bytes };
}

static void add_match(Rule *r, const char *name, uint8_t revision, const void *data, size_t size) {
        size_t whole = XT_ALIGN(sizeof(struct xt_entry_match) + size);
        struct xt_entry_match *m = (struct xt_entry_match *) (r->bytes + *target_offset(r));

        m->u.match_size = (uint16_t) whole;
        snprintf(m->u.user.name, sizeof(m->u.user.name), "%s", name);
        m->u.user.revision = revision;
        memcpy(m->data, data, size);
        *target_offset(r) = (uint16_t) (*target_offset(r) + whole);
        *next_offset(r) = *target_offset(r);
}

static void set_target(Rule *r, const char *name, uint8_t revision, const void *data, size_t size) {
        size_t whole = XT_ALIGN(sizeof(struct xt_entry_target) + size);
        struct xt_entry_target *t = (struct xt_entry_target *) (r->bytes + *target_offset(r));

        t->u.target_size = (uint16_t) whole;
        snprintf(t->u.user.name, sizeof(t->u.user.name), "%s", name);
        t->u.user.revision = revision;
        memcpy(t->data, data, size);
        *next_offset(r) = (uint16_t) (*target_offset(r) + whole);
}

void rule_begin(Rule *r, int family, const char *tag) {
        struct xt_comment_info comment = {};

        memset(r, 0, sizeof(*r));
        r->family = family;
        *target_offset(r) = *next_offset(r) = (uint16_t) layout_of(family)->size;
        snprintf(comment.comment, sizeof(comment.comment), "%s", tag);
        add_match(r, "comment", 0, &comment, sizeof(comment));
}

/* As the kernel has it, in network byte order. */
static void write_address(const IpAddress *a, uint8_t *to) {
        uint32_t v4 = htonl(a->v4);

        if (a->family == AF_INET6)
                memcpy(to, &a->v6, sizeof(a->v6));
        else
                memcpy(to, &v4, sizeof(v4));
}

static void set_address(Rule *r, unsigned which, const IpAddress *address, unsigned prefix) {
        size_t width = layout_of(r->family)->address;
        uint8_t *mask = r->bytes + (MASKS + which) * width;

        write_address(address, r->bytes + which * width);
        for (unsigned i = 0; i < prefix; i++)
                mask[i / 8] |= (uint8_t) (0x80 >> i % 8);
}

static void invert_if(Rule *r, bool invert, uint8_t flag) {
        if (invert)
                r->bytes[layout_of(r->family)->inverted] |= flag;
}

void rule_source(Rule *r, const IpAddress *address, unsigned prefix) {
        set_address(r, SOURCE, address, prefix);
}

void rule_destination(Rule *r, const IpAddress *address, unsigned prefix) {
        set_address(r, DESTINATION, address, prefix);
}

void rule_not_destination(Rule *r, const IpAddress *address, unsigned prefix) {
        set_address(r, DESTINATION, address, prefix);
        invert_if(r, true, IPT_INV_DSTIP);
}

/* A mask of ones up to and with the NUL: the whole name and not a prefix of one. */
static void set_interface(Rule *r, unsigned which, const char *ifname) {
        char *name = (char *) r->bytes + layout_of(r->family)->interfaces + which * IFNAMSIZ;

        snprintf(name, IFNAMSIZ, "%s", ifname);
        memset(name + 2 * IFNAMSIZ, 0xff, strlen(name) + 1);
}

void rule_in(Rule *r, const char *ifname, bool invert) {
        set_interface(r, IN, ifname);
        invert_if(r, invert, IPT_INV_VIA_IN);
}

void rule_out(Rule *r, const char *ifname, bool invert) {
        set_interface(r, OUT, ifname);
        invert_if(r, invert, IPT_INV_VIA_OUT);
}

void rule_protocol(Rule *r, int protocol) {
        const Layout *l = layout_of(r->family);
        uint16_t number = (uint16_t) protocol;

        memcpy(r->bytes + l->protocol, &number, sizeof(number));
        r->bytes[l->flags] |= l->flag_protocol;
}

void rule_ports(Rule *r, int protocol, uint16_t first, uint16_t count) {
        uint16_t last = (uint16_t) (first + count - 1);

        rule_protocol(r, protocol);
        if (protocol == IPPROTO_UDP) {
                struct xt_udp udp = { .spts = { 0, UINT16_MAX }, .dpts = { first, last } };

                add_match(r, "udp", 0, &udp, sizeof(udp));
        } else {
                struct xt_tcp tcp = { .spts = { 0, UINT16_MAX }, .dpts = { first, last } };

                add_match(r, "tcp", 0, &tcp, sizeof(tcp));
        }
}

void rule_udp(Rule *r, uint16_t source, uint16_t destination) {
        struct xt_udp udp = { .spts = { source, source }, .dpts = { destination, destination } };

        rule_protocol(r, IPPROTO_UDP);
        add_match(r, "udp", 0, &udp, sizeof(udp));
}

void rule_icmp6(Rule *r, uint8_t type) {
        struct ip6t_icmp icmp = { .type = type, .code = { 0, UINT8_MAX } };

        rule_protocol(r, IPPROTO_ICMPV6);
        add_match(r, "icmp6", 0, &icmp, sizeof(icmp));
}

void rule_to_local(Rule *r) {
        struct xt_addrtype_info_v1 type = { .dest = XT_ADDRTYPE_LOCAL };

        add_match(r, "addrtype", 1, &type, sizeof(type));
}

void rule_ctstate(Rule *r, uint16_t mask, bool invert) {
        struct xt_conntrack_mtinfo3 ct = {
                .match_flags = XT_CONNTRACK_STATE,
                .invert_flags = invert ? XT_CONNTRACK_STATE : 0,
                .state_mask = mask,
        };

        add_match(r, "conntrack", 3, &ct, sizeof(ct));
}

void rule_jump(Rule *r, const char *chain_or_verdict) {
        int verdict = 0; /* libiptc fills it in */

        set_target(r, chain_or_verdict, 0, &verdict, sizeof(verdict));
}

void rule_masquerade(Rule *r) {
        struct nf_nat_ipv4_multi_range_compat range4 = { .rangesize = 1 };
        struct nf_nat_range range6 = {};

        if (r->family == AF_INET6)
                set_target(r, "MASQUERADE", 0, &range6, sizeof(range6));
        else
                set_target(r, "MASQUERADE", 0, &range4, sizeof(range4));
}

void rule_mark(Rule *r, uint32_t bits) {
        struct xt_mark_tginfo2 mark = { .mark = bits, .mask = bits };

        set_target(r, "MARK", 2, &mark, sizeof(mark));
}

/* Revision 2 (Linux 4.19), for iptables shows a DNAT of an older one as "[unsupported revision]", and what it saves then
 * cannot be restored. */
void rule_dnat(Rule *r, const IpAddress *address, PortShift ports) {
        struct nf_nat_range2 range = { .flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED };

        write_address(address, (uint8_t *) &range.min_addr);
        range.max_addr = range.min_addr;
        range.min_proto.all = htons(ports.to);
        range.max_proto.all = htons((uint16_t) (ports.to + ports.count - 1));
        if (ports.count > 1) { /* without this flag all of the range would go to its first port */
                range.flags |= NF_NAT_RANGE_PROTO_OFFSET;
                range.base_proto.all = htons(ports.base);
        }
        set_target(r, "DNAT", 2, &range, sizeof(range));
}

/* Revision 0, the only one of IPv4 that iptables shows and saves. */
void rule_snat(Rule *r, uint32_t address) {
        struct nf_nat_ipv4_multi_range_compat range = { .rangesize = 1, .range = { { .flags = NF_NAT_RANGE_MAP_IPS } } };

        range.range[0].min_ip = range.range[0].max_ip = htonl(address);
        set_target(r, "SNAT", 0, &range, sizeof(range));
}

/* ---- looking ---- */

static uint16_t number_at(RuleView r, size_t offset) {
        uint16_t n;

        memcpy(&n, r.bytes + offset, sizeof(n));
        return n;
}

static uint16_t target_at(RuleView r) {
        return number_at(r, layout_of(r.family)->offsets);
}

static const struct xt_entry_match *match_at(RuleView r, size_t offset) {
        return (const struct xt_entry_match *) (r.bytes + offset);
}

static const struct xt_entry_match *find_match(RuleView r, const char *name) {
        for (size_t o = layout_of(r.family)->size; o < target_at(r); o += match_at(r, o)->u.match_size)
                if (strcmp(match_at(r, o)->u.user.name, name) == 0)
                        return match_at(r, o);
        return NULL;
}

const char *rule_tag(RuleView r) {
        const struct xt_entry_match *m = find_match(r, "comment");

        return m ? ((const struct xt_comment_info *) m->data)->comment : "";
}

/* Whether packets to that address get by the rule's destination; to none or the unspecified one, which is any, some do. */
static bool may_be_for(RuleView r, const IpAddress *address) {
        static const uint8_t any[sizeof(struct in6_addr)];
        size_t width = layout_of(r.family)->address;
        const uint8_t *destination = r.bytes + DESTINATION * width, *mask = r.bytes + (MASKS + DESTINATION) * width;
        uint8_t wanted[sizeof(struct in6_addr)] = {};

        write_address(address, wanted);
        for (size_t i = 0; i < width && memcmp(wanted, any, width) != 0; i++)
                if ((wanted[i] & mask[i]) != destination[i])
                        return false;
        return true;
}

bool rule_meets_ports(RuleView r, const PortSpan *span, uint16_t *ret) {
        bool udp = span->protocol == IPPROTO_UDP;
        const struct xt_entry_match *m = find_match(r, udp ? "udp" : "tcp");
        const uint16_t *range;

        if (!m || number_at(r, layout_of(r.family)->protocol) != span->protocol || !may_be_for(r, &span->address))
                return false;
        range = udp ? ((const struct xt_udp *) m->data)->dpts : ((const struct xt_tcp *) m->data)->dpts;
        if (range[1] < span->first || span->last < range[0])
                return false;
        *ret = range[0] > span->first ? range[0] : span->first;
        return true;
}

/* Field by field: what the kernel hands back leaves the bytes behind a name's NUL undefined. */
static bool same_matches(RuleView a, RuleView b) {
        for (size_t o = layout_of(a.family)->size; o < target_at(a); o += match_at(a, o)->u.match_size) {
                const struct xt_entry_match *m = match_at(a, o), *n = match_at(b, o);

                if (m->u.match_size != n->u.match_size || m->u.user.revision != n->u.user.revision ||
                    strcmp(m->u.user.name, n->u.user.name) != 0 ||
                    memcmp(m->data, n->data, m->u.match_size - sizeof(*m)) != 0)
                        return false;
        }
        return true;
}

static const struct xt_entry_target *target_of(RuleView r) {
        return (const struct xt_entry_target *) (r.bytes + target_at(r));
}

bool rule_same(RuleView a, const char *target, const Rule *rule) {
        RuleView b = rule_view(rule);
        const struct xt_entry_target *t = target_of(a), *u = target_of(b);
        const Layout *l = layout_of(a.family);

        if (a.family != b.family || memcmp(a.bytes + l->offsets, b.bytes + l->offsets, 2 * sizeof(uint16_t)) != 0 ||
            memcmp(a.bytes, b.bytes, l->inverted + 1) != 0 || !same_matches(a, b) || strcmp(target, u->u.user.name) != 0)
                return false;
        /* an extension has data; a verdict or jump is an empty name here, and a number that libiptc makes */
        return t->u.user.name[0] == 0 || (t->u.user.revision == u->u.user.revision &&
                                          memcmp(t->data, u->data, t->u.target_size - sizeof(*t)) == 0);
}
