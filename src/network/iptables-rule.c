/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A rule is one blob: struct ipt_entry, then matches, then one target, each with its own size, all aligned. The
 * structures are the kernel's (linux/netfilter). */

#include "iptables.h"

#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <string.h>

static void add_match(Rule *r, const char *name, uint8_t revision, const void *data, size_t size) {
        size_t whole = XT_ALIGN(sizeof(struct xt_entry_match) + size);
        struct xt_entry_match *m = (struct xt_entry_match *) (r->bytes + r->entry.target_offset);

        m->u.match_size = (uint16_t) whole;
        snprintf(m->u.user.name, sizeof(m->u.user.name), "%s", name);
        m->u.user.revision = revision;
        memcpy(m->data, data, size);
        r->entry.target_offset = (uint16_t) (r->entry.target_offset + whole);
        r->entry.next_offset = r->entry.target_offset;
}

static void set_target(Rule *r, const char *name, uint8_t revision, const void *data, size_t size) {
        size_t whole = XT_ALIGN(sizeof(struct xt_entry_target) + size);
        struct xt_entry_target *t = (struct xt_entry_target *) (r->bytes + r->entry.target_offset);

        t->u.target_size = (uint16_t) whole;
        snprintf(t->u.user.name, sizeof(t->u.user.name), "%s", name);
        t->u.user.revision = revision;
        memcpy(t->data, data, size);
        r->entry.next_offset = (uint16_t) (r->entry.target_offset + whole);
}

void rule_begin(Rule *r, const char *tag) {
        struct xt_comment_info comment = {};

        memset(r, 0, sizeof(*r));
        r->entry.target_offset = r->entry.next_offset = sizeof(struct ipt_entry);
        snprintf(comment.comment, sizeof(comment.comment), "%s", tag);
        add_match(r, "comment", 0, &comment, sizeof(comment));
}

void rule_source(Rule *r, uint32_t address, uint32_t mask) {
        r->entry.ip.src.s_addr = htonl(address);
        r->entry.ip.smsk.s_addr = htonl(mask);
}

void rule_destination(Rule *r, uint32_t address, uint32_t mask) {
        r->entry.ip.dst.s_addr = htonl(address);
        r->entry.ip.dmsk.s_addr = htonl(mask);
}

/* A mask of ones up to and with the NUL: the whole name and not a prefix of one. */
static void set_interface(char name[IFNAMSIZ], unsigned char mask[IFNAMSIZ], const char *ifname) {
        snprintf(name, IFNAMSIZ, "%s", ifname);
        memset(mask, 0xff, strlen(name) + 1);
}

void rule_in(Rule *r, const char *ifname, bool invert) {
        set_interface(r->entry.ip.iniface, r->entry.ip.iniface_mask, ifname);
        if (invert)
                r->entry.ip.invflags |= IPT_INV_VIA_IN;
}

void rule_out(Rule *r, const char *ifname, bool invert) {
        set_interface(r->entry.ip.outiface, r->entry.ip.outiface_mask, ifname);
        if (invert)
                r->entry.ip.invflags |= IPT_INV_VIA_OUT;
}

void rule_ports(Rule *r, int protocol, uint16_t first, uint16_t count) {
        uint16_t last = (uint16_t) (first + count - 1);

        r->entry.ip.proto = (uint16_t) protocol;
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

        r->entry.ip.proto = IPPROTO_UDP;
        add_match(r, "udp", 0, &udp, sizeof(udp));
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
        struct nf_nat_ipv4_multi_range_compat range = { .rangesize = 1 };

        set_target(r, "MASQUERADE", 0, &range, sizeof(range));
}

void rule_mark(Rule *r, uint32_t bits) {
        struct xt_mark_tginfo2 mark = { .mark = bits, .mask = bits };

        set_target(r, "MARK", 2, &mark, sizeof(mark));
}

/* Revision 2 (Linux 4.19), for iptables shows a DNAT of an older one as "[unsupported revision]", and what it saves then
 * cannot be restored. */
void rule_dnat(Rule *r, uint32_t address, PortShift ports) {
        struct nf_nat_range2 range = { .flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED };

        range.min_addr.ip = range.max_addr.ip = htonl(address);
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

static const struct xt_entry_match *match_at(const struct ipt_entry *e, size_t offset) {
        return (const struct xt_entry_match *) ((const uint8_t *) e + offset);
}

static const struct xt_entry_match *find_match(const struct ipt_entry *e, const char *name) {
        for (size_t o = sizeof(*e); o < e->target_offset; o += match_at(e, o)->u.match_size)
                if (strcmp(match_at(e, o)->u.user.name, name) == 0)
                        return match_at(e, o);
        return NULL;
}

const char *rule_tag(const struct ipt_entry *e) {
        const struct xt_entry_match *m = find_match(e, "comment");

        return m ? ((const struct xt_comment_info *) m->data)->comment : "";
}

bool rule_meets_ports(const struct ipt_entry *e, PortSpan span, uint16_t *ret) {
        const struct xt_entry_match *m = find_match(e, span.protocol == IPPROTO_UDP ? "udp" : "tcp");
        uint32_t mask = ntohl(e->ip.dmsk.s_addr);
        const uint16_t *range;

        if (!m || e->ip.proto != span.protocol || (span.address != 0 && (span.address & mask) != ntohl(e->ip.dst.s_addr)))
                return false;
        range = span.protocol == IPPROTO_UDP ? ((const struct xt_udp *) m->data)->dpts : ((const struct xt_tcp *) m->data)->dpts;
        if (range[1] < span.first || span.last < range[0])
                return false;
        *ret = range[0] > span.first ? range[0] : span.first;
        return true;
}

/* Field by field: what the kernel hands back leaves the bytes behind a name's NUL undefined. */
static bool same_matches(const struct ipt_entry *a, const struct ipt_entry *b) {
        for (size_t o = sizeof(*a); o < a->target_offset; o += match_at(a, o)->u.match_size) {
                const struct xt_entry_match *m = match_at(a, o), *n = match_at(b, o);

                if (m->u.match_size != n->u.match_size || m->u.user.revision != n->u.user.revision ||
                    strcmp(m->u.user.name, n->u.user.name) != 0 ||
                    memcmp(m->data, n->data, m->u.match_size - sizeof(*m)) != 0)
                        return false;
        }
        return true;
}

static const struct xt_entry_target *target_of(const struct ipt_entry *e) {
        return (const struct xt_entry_target *) ((const uint8_t *) e + e->target_offset);
}

bool rule_same(const struct ipt_entry *a, const char *target, const Rule *b) {
        const struct ipt_entry *e = &b->entry;
        const struct xt_entry_target *t = target_of(a), *u = target_of(e);

        if (a->target_offset != e->target_offset || a->next_offset != e->next_offset ||
            memcmp(&a->ip, &e->ip, sizeof(a->ip)) != 0 || !same_matches(a, e) || strcmp(target, u->u.user.name) != 0)
                return false;
        /* an extension has data; a verdict or jump is an empty name here, and a number that libiptc makes */
        return t->u.user.name[0] == 0 || (t->u.user.revision == u->u.user.revision &&
                                          memcmp(t->data, u->data, t->u.target_size - sizeof(*t)) == 0);
}
