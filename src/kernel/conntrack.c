/* SPDX-License-Identifier: GPL-2.0-or-later */

/* ctnetlink by libmnl alone: a dump of a family's entries, and a deletion for each entry that fits, named by its original tuple just as
 * the kernel wrote it, and by its id, so that an entry that has come since in the same place is spared. */

#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdbool.h>
#include <string.h>

#include "module.h"
#include "netlink.h"

#define TUPLE_MAX 128 /* two addresses, a protocol, two ports: 76 bytes with their headers in IPv6; 24 more for ICMP */
#define DUMP_TRIES 5

typedef struct Tuple {
        IpAddress source, destination;
        uint16_t source_port, destination_port;
        uint8_t protocol;
} Tuple;

/* An entry, to be named to the kernel. */
typedef struct Entry {
        uint8_t tuple[TUPLE_MAX];
        uint16_t size;
        uint32_t id;
        bool has_id;
        uint16_t zone;
        bool has_zone;
} Entry;

typedef struct Found {
        const ConntrackMatch *match;
        Entry *entries;
        size_t n;
} Found;

static void parse_address(const struct nlattr *a, IpAddress *ret) {
        if (mnl_attr_get_payload_len(a) == 4)
                *ret = ip_v4(ntohl(mnl_attr_get_u32(a)));
        else if (mnl_attr_get_payload_len(a) == sizeof(struct in6_addr))
                *ret = ip_v6(mnl_attr_get_payload(a));
}

static void parse_addresses(const struct nlattr *nest, Tuple *t) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, nest)
                switch (mnl_attr_get_type(a)) {
                case CTA_IP_V4_SRC:
                case CTA_IP_V6_SRC:
                        parse_address(a, &t->source);
                        break;
                case CTA_IP_V4_DST:
                case CTA_IP_V6_DST:
                        parse_address(a, &t->destination);
                        break;
                }
}

static void parse_protocol(const struct nlattr *nest, Tuple *t) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, nest)
                switch (mnl_attr_get_type(a)) {
                case CTA_PROTO_NUM:
                        t->protocol = mnl_attr_get_u8(a);
                        break;
                case CTA_PROTO_SRC_PORT:
                        t->source_port = ntohs(mnl_attr_get_u16(a));
                        break;
                case CTA_PROTO_DST_PORT:
                        t->destination_port = ntohs(mnl_attr_get_u16(a));
                        break;
                }
}

static Tuple parse_tuple(const struct nlattr *nest) {
        const struct nlattr *a;
        Tuple t = {};

        mnl_attr_for_each_nested(a, nest)
                if (mnl_attr_get_type(a) == CTA_TUPLE_IP)
                        parse_addresses(a, &t);
                else if (mnl_attr_get_type(a) == CTA_TUPLE_PROTO)
                        parse_protocol(a, &t);
        return t;
}

static bool is_any(const IpAddress *a) {
        return a->family == AF_INET ? a->v4 == 0 : a->family != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&a->v6);
}

static bool may_be(const IpAddress *wanted, const IpAddress *a) {
        return is_any(wanted) || ip_same(wanted, a);
}

/* The reply comes from where the connection was translated to. */
static bool fits(const ConntrackMatch *m, const Tuple *original, const Tuple *reply) {
        return original->protocol == m->protocol && original->destination_port >= m->port &&
               original->destination_port - m->port < m->count && may_be(&m->from, &original->source) &&
               may_be(&m->address, &original->destination) && !ip_same(&original->destination, &reply->source) &&
               ip_same(&reply->source, &m->to) && reply->source_port == m->to_port + (original->destination_port - m->port);
}

static int remember(Found *found, const Entry *entry) {
        Entry *grown = reallocarray(found->entries, found->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        found->entries = grown;
        grown[found->n++] = *entry;
        return 0;
}

static int on_entry(const struct nlmsghdr *m, void *userdata) {
        Found *found = userdata;
        Tuple original = {}, reply = {};
        const struct nlattr *a;
        Entry entry = {};

        mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
                switch (mnl_attr_get_type(a)) {
                case CTA_TUPLE_ORIG:
                        original = parse_tuple(a);
                        entry.size = mnl_attr_get_payload_len(a);
                        if (entry.size <= sizeof(entry.tuple))
                                memcpy(entry.tuple, mnl_attr_get_payload(a), entry.size);
                        break;
                case CTA_TUPLE_REPLY:
                        reply = parse_tuple(a);
                        break;
                case CTA_ID:
                        entry.id = mnl_attr_get_u32(a);
                        entry.has_id = true;
                        break;
                case CTA_ZONE:
                        entry.zone = mnl_attr_get_u16(a);
                        entry.has_zone = true;
                        break;
                }
        return entry.size <= sizeof(entry.tuple) && fits(found->match, &original, &reply) ? remember(found, &entry) : 0;
}

static struct nlmsghdr *add(Netlink *nl, int family, uint16_t type, uint16_t flags) {
        struct nfgenmsg h = { .nfgen_family = (uint8_t) family, .version = NFNETLINK_V0 };

        return netlink_add(nl, (uint16_t) (NFNL_SUBSYS_CTNETLINK << 8 | type), flags, &h, sizeof(h));
}

static int find(Netlink *nl, Found *found) {
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                found->n = 0;
                add(nl, found->match->to.family, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
                r = netlink_run(nl, on_entry, found, NULL);
        }
        return r == -EINTR ? 0 : r; /* a table that never rests: what was found is what there is */
}

static void put_deletion(Netlink *nl, int family, const Entry *e) {
        struct nlmsghdr *m = add(nl, family, IPCTNL_MSG_CT_DELETE, 0);

        mnl_attr_put(m, CTA_TUPLE_ORIG | NLA_F_NESTED, e->size, e->tuple);
        if (e->has_zone)
                mnl_attr_put_u16(m, CTA_ZONE, e->zone);
        if (e->has_id)
                mnl_attr_put_u32(m, CTA_ID, e->id);
}

/* One that has ended meanwhile is -ENOENT, which is as well. */
static int forget(Netlink *nl, const Found *found) {
        int results[NETLINK_BATCH_MAX], r;

        for (size_t i = 0; i < found->n; i += NETLINK_BATCH_MAX) {
                size_t n = found->n - i < NETLINK_BATCH_MAX ? found->n - i : NETLINK_BATCH_MAX;

                for (size_t k = 0; k < n; k++)
                        put_deletion(nl, found->match->to.family, found->entries + i + k);
                (void) netlink_run(nl, NULL, NULL, results);
                for (size_t k = 0; k < n; k++) {
                        r = results[k];
                        if (r < 0 && r != -ENOENT)
                                return r;
                }
        }
        return (int) found->n;
}

int conntrack_forget(const ConntrackMatch *match) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        Found found = { .match = match };
        int r;

        (void) module_load("nf_conntrack_netlink");
        r = netlink_new(NETLINK_NETFILTER, -1, &nl);
        if (r >= 0)
                r = find(nl, &found);
        if (r >= 0)
                r = forget(nl, &found);
        free(found.entries);
        return r == -EPROTONOSUPPORT || r == -EINVAL ? -EOPNOTSUPP : r;
}
