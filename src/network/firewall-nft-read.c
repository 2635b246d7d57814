/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What stands in our tables, as the kernel says it: libnftables would list it too, but costs 3 ms to load, and most of the
 * time nothing is to be changed. Attributes are those of linux/netfilter/nf_tables.h; a comment is in the "user data" of an
 * element as libnftnl lays it out: bytes of type (0: comment), length, text. */

#include "firewall-nft-elements.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <string.h>

#include "netlink.h"

#define READ_TRIES 32
#define REGISTER 4U /* fields of a key begin at multiples of this */
#define COMMENT 0

/* A message about a family's table. */
static struct nlmsghdr *add_message(Netlink *nl, uint16_t type, uint16_t flags, int family) {
        struct nfgenmsg h = { .nfgen_family = family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4, .version = NFNETLINK_V0 };

        return netlink_add(nl, (uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | type), flags, &h, sizeof(h));
}

static size_t width_of(int family) {
        return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static void read_comment(const struct nlattr *a, char ret[TAG_MAX]) {
        const uint8_t *p = mnl_attr_get_payload(a);
        size_t n = mnl_attr_get_payload_len(a);

        while (n >= 2 && p[1] <= n - 2) {
                if (p[0] == COMMENT) {
                        snprintf(ret, TAG_MAX, "%.*s", (int) p[1], (const char *) p + 2);
                        return;
                }
                n -= 2U + p[1];
                p += 2U + p[1];
        }
}

/* A value of an element, or an empty one: NFTA_DATA_VALUE is nested in it. */
static size_t read_value(const struct nlattr *a, uint8_t ret[64]) {
        const struct nlattr *inner;

        mnl_attr_for_each_nested(inner, a)
                if (mnl_attr_get_type(inner) == NFTA_DATA_VALUE && mnl_attr_get_payload_len(inner) <= 64) {
                        memcpy(ret, mnl_attr_get_payload(inner), mnl_attr_get_payload_len(inner));
                        return mnl_attr_get_payload_len(inner);
                }
        return 0;
}

/* A name that somebody put there by hand could be anything: then "" is returned, and the element is not ours. */
static void name_text(const uint8_t bytes[IF_NAMESIZE], char ret[IF_NAMESIZE + 2]) {
        size_t n = strnlen((const char *) bytes, IF_NAMESIZE);

        for (size_t i = 0; i < n; i++)
                if (bytes[i] <= ' ' || bytes[i] >= 0x7f || strchr("\"\\*", bytes[i]))
                        n = 0;
        snprintf(ret, IF_NAMESIZE + 2, "\"%.*s\"", (int) n, (const char *) bytes);
}

typedef struct Text {
        char *to;
        size_t size;
        int family;
        uint8_t address[NFT_ADDRESS_MAX]; /* the last that was written */
        uint16_t port;
} Text;

#define FIELD_TEXT_MAX INET6_ADDRSTRLEN

static void field_text(Text *text, NftField field, const uint8_t *p, char ret[FIELD_TEXT_MAX]) {
        switch (field) {
        case NFT_FIELD_IFNAME:
                name_text(p, ret);
                break;
        case NFT_FIELD_ADDRESS:
                memcpy(text->address, p, width_of(text->family));
                (void) inet_ntop(text->family, p, ret, FIELD_TEXT_MAX);
                break;
        default:
                text->port = (uint16_t) (p[0] << 8 | p[1]);
                snprintf(ret, FIELD_TEXT_MAX, "%u", text->port);
        }
}

static void write_value(Text *text, const NftField fields[NFT_FIELDS_MAX], const uint8_t *value, size_t size) {
        size_t at = 0, used = 0;

        for (size_t i = 0; i < NFT_FIELDS_MAX && fields[i] != NFT_FIELD_NONE; i++) {
                size_t width = fields[i] == NFT_FIELD_IFNAME ? IF_NAMESIZE : fields[i] == NFT_FIELD_ADDRESS ? width_of(text->family) : 2;
                char field[FIELD_TEXT_MAX];
                int k;

                if (at + width > size)
                        return;
                field_text(text, fields[i], value + at, field);
                k = snprintf(text->to + used, text->size - used, "%s%s", i > 0 ? " . " : "", field);
                used += (size_t) k < text->size - used ? (size_t) k : text->size - used - 1;
                at += (width + REGISTER - 1) / REGISTER * REGISTER;
        }
}

typedef struct Reading {
        NftElements *to;
        int family;
        NftSet set;
        NftElements ends; /* of intervals: each the address behind the last */
} Reading;

static int read_element(const struct nlattr *element, Reading *reading) {
        const NftSetShape *shape = nft_sets + reading->set;
        NftElement e = { .family = reading->family, .set = reading->set };
        Text key = { .to = e.key, .size = sizeof(e.key), .family = e.family };
        Text data = { .to = e.data, .size = sizeof(e.data), .family = e.family };
        const struct nlattr *a;
        uint8_t value[64] = {};
        bool end = false;

        mnl_attr_for_each_nested(a, element)
                switch (mnl_attr_get_type(a)) {
                case NFTA_SET_ELEM_KEY:
                        write_value(&key, shape->key, value, read_value(a, value));
                        break;
                case NFTA_SET_ELEM_DATA:
                        write_value(&data, shape->data, value, read_value(a, value));
                        break;
                case NFTA_SET_ELEM_FLAGS:
                        end = ntohl(mnl_attr_get_u32(a)) & NFT_SET_ELEM_INTERVAL_END;
                        break;
                case NFTA_SET_ELEM_USERDATA:
                        read_comment(a, e.tag);
                        break;
                }
        memcpy(e.address, key.address, sizeof(e.address));
        e.port = key.port;
        return nft_elements_add(end ? &reading->ends : reading->to, &e);
}

static int on_elements(const struct nlmsghdr *m, void *userdata) {
        const struct nlattr *a, *element;
        int r = 0;

        mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
                if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
                        mnl_attr_for_each_nested(element, a)
                                if (r >= 0)
                                        r = read_element(element, userdata);
        return r;
}

/* The address before that of an element. */
static void address_before(const NftElement *e, uint8_t ret[NFT_ADDRESS_MAX]) {
        memcpy(ret, e->address, NFT_ADDRESS_MAX);
        for (size_t i = width_of(e->family); i-- > 0 && ret[i]-- == 0;)
                ;
}

static unsigned prefix_of(const NftElement *e) {
        unsigned n = 0, whole = (unsigned) width_of(e->family) * 8;

        while (n < whole && !((e->address[n / 8] ^ e->last[n / 8]) & 0x80 >> n % 8))
                n++;
        return n;
}

/* The kernel tells the beginnings and the ends of intervals apart, and not as pairs. */
static void join_intervals(Reading *reading, size_t from) {
        for (size_t i = from; i < reading->to->n; i++) {
                NftElement *e = reading->to->items + i;
                size_t used = strlen(e->key);

                memset(e->last, 0xff, width_of(e->family));
                for (size_t j = 0; j < reading->ends.n; j++) {
                        uint8_t last[NFT_ADDRESS_MAX];

                        address_before(reading->ends.items + j, last);
                        if (memcmp(last, e->address, sizeof(last)) >= 0 && memcmp(last, e->last, sizeof(last)) < 0)
                                memcpy(e->last, last, sizeof(last));
                }
                snprintf(e->key + used, sizeof(e->key) - used, "/%u", prefix_of(e));
        }
}

static int read_set(Netlink *nl, NftElements *to, int family, NftSet set) {
        Reading reading = { .to = to, .family = family, .set = set };
        size_t from = to->n;
        struct nlmsghdr *m;
        int r = -EINTR;

        for (unsigned i = 0; i < READ_TRIES && r == -EINTR; i++) {
                to->n = from;
                reading.ends.n = 0;
                m = add_message(nl, NFT_MSG_GETSETELEM, NLM_F_DUMP, family);
                mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
                mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, nft_sets[set].name);
                r = netlink_run(nl, on_elements, &reading, NULL);
        }
        if (r >= 0 && nft_sets[set].interval)
                join_intervals(&reading, from);
        nft_elements_clear(&reading.ends);
        return r;
}

/* ---- rules ---- */

typedef struct RuleCount {
        int family;
        char chain[NFT_KEY_MAX]; /* of the rule before */
        size_t n;                /* rules of that chain */
        size_t whole;            /* rules of chains that have as many as they should */
} RuleCount;

static void end_chain(RuleCount *c) {
        if (c->n > 0 && c->n == nft_chain_rules(c->family, c->chain))
                c->whole += c->n;
        c->n = 0;
}

static int on_rule(const struct nlmsghdr *m, void *userdata) {
        RuleCount *c = userdata;
        const struct nlattr *a;

        mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
                if (mnl_attr_get_type(a) == NFTA_RULE_CHAIN) {
                        if (strcmp(mnl_attr_get_str(a), c->chain) != 0)
                                end_chain(c);
                        snprintf(c->chain, sizeof(c->chain), "%s", mnl_attr_get_str(a));
                        c->n++;
                }
        return 0;
}

static int read_rules(Netlink *nl, int family, NftTableState *ret) {
        struct nlmsghdr *m;
        RuleCount c = {};
        int r = -EINTR;

        for (unsigned i = 0; i < READ_TRIES && r == -EINTR; i++) {
                c = (RuleCount){ .family = family };
                m = add_message(nl, NFT_MSG_GETRULE, NLM_F_DUMP, family);
                mnl_attr_put_strz(m, NFTA_RULE_TABLE, NFT_TABLE);
                r = netlink_run(nl, on_rule, &c, NULL);
        }
        end_chain(&c);
        *ret = c.whole == nft_table_rules(family) ? NFT_TABLE_WHOLE : NFT_TABLE_BROKEN;
        return r == -ENOENT ? 0 : r;
}

static int find_table(Netlink *nl, int family) {
        struct nlmsghdr *m = add_message(nl, NFT_MSG_GETTABLE, 0, family);

        mnl_attr_put_strz(m, NFTA_TABLE_NAME, NFT_TABLE);
        return netlink_run(nl, NULL, NULL, NULL);
}

static int read_table(Netlink *nl, NftElements *to, int family, NftTableState *ret) {
        int r = find_table(nl, family);

        if (r == -ENOENT) {
                *ret = NFT_TABLE_ABSENT;
                return 0;
        }
        if (r >= 0)
                r = read_rules(nl, family, ret);
        for (NftSet set = 0; r >= 0 && set < N_NFT_SETS; set++) {
                if (nft_set_is_of(set, family))
                        r = read_set(nl, to, family, set);
                if (r == -ENOENT) {
                        *ret = NFT_TABLE_BROKEN;
                        r = 0;
                }
        }
        return r;
}

int nft_elements_read(NftElements *l, NftTableState ret_tables[N_NFT_FAMILIES]) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int r = netlink_new(NETLINK_NETFILTER, -1, &nl);

        for (size_t i = 0; i < N_NFT_FAMILIES && r >= 0; i++)
                r = read_table(nl, l, nft_families[i], ret_tables + i);
        if (r >= 0)
                nft_elements_sort(l);
        return r;
}
