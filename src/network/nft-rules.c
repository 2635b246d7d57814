/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What may stop a packet is judged from below: a rule is harmless when it consists of expressions that are known to do nothing
 * but look, count or log, and of verdicts that accept or return. All else (drop, reject, jump, queue, verdict maps, targets of
 * iptables-nft, and what a later kernel invents) may stop one. To be wrong in that direction costs an accept too many; in the
 * other, a machine without a network. */

#include "nft-rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/ip.h>
#include <string.h>

#define DUMP_TRIES 16
#define UDATA_COMMENT 0 /* NFTNL_UDATA_RULE_COMMENT: userdata is type, length, value; a string with its NUL */

typedef struct List {
        void *items;
        size_t n, size; /* size: of one */
} List;

static void *list_add(List *l) {
        void *grown;

        /* room for 2^k items: made when n has reached it */
        if ((l->n & (l->n - 1)) == 0) {
                grown = realloc(l->items, (l->n ? 2 * l->n : 1) * l->size);
                if (!grown)
                        return NULL;
                l->items = grown;
        }
        return memset((char *) l->items + l->n++ * l->size, 0, l->size);
}

static struct nlmsghdr *add(Netlink *nl, int type, uint16_t flags, uint8_t family) {
        struct nfgenmsg h = { .nfgen_family = family, .version = NFNETLINK_V0 };

        return netlink_add(nl, (uint16_t) (NFNL_SUBSYS_NFTABLES << 8 | type), flags, &h, sizeof(h));
}

static void copy_name(char *to, size_t size, const struct nlattr *a) {
        snprintf(to, size, "%.*s", (int) mnl_attr_get_payload_len(a), mnl_attr_get_str(a));
}

/* ---- chains ---- */

static uint32_t hook_number(const struct nlattr *hook) {
        const struct nlattr *a;

        mnl_attr_for_each_nested(a, hook)
                if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM)
                        return ntohl(mnl_attr_get_u32(a));
        return UINT32_MAX;
}

static int on_chain(const struct nlmsghdr *m, void *userdata) {
        const struct nfgenmsg *h = mnl_nlmsg_get_payload(m);
        NftChain *chain = list_add(userdata);
        const struct nlattr *a;

        if (!chain)
                return -ENOMEM;
        chain->family = h->nfgen_family;
        chain->hook = UINT32_MAX;
        mnl_attr_for_each(a, m, sizeof(*h))
                switch (mnl_attr_get_type(a)) {
                case NFTA_CHAIN_TABLE:
                        copy_name(chain->table, sizeof(chain->table), a);
                        break;
                case NFTA_CHAIN_NAME:
                        copy_name(chain->name, sizeof(chain->name), a);
                        break;
                case NFTA_CHAIN_HOOK:
                        chain->hook = hook_number(a);
                        break;
                case NFTA_CHAIN_POLICY:
                        chain->drops = ntohl(mnl_attr_get_u32(a)) == NF_DROP;
                        break;
                }
        return 0;
}

int nft_chain_list(Netlink *nl, NftChain **ret, size_t *ret_n) {
        List l = { .size = sizeof(NftChain) };
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                l.n = 0;
                free(l.items);
                l.items = NULL;
                add(nl, NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC);
                r = netlink_run(nl, on_chain, &l, NULL);
        }
        if (r < 0) {
                free(l.items);
                if (r != -EOPNOTSUPP && r != -EINVAL && r != -EPROTONOSUPPORT)
                        return r;
                l = (List){}; /* no nftables in this kernel */
        }
        *ret = l.items;
        *ret_n = l.n;
        return 0;
}

/* ---- rules ---- */

static const struct nlattr *find(const struct nlattr *nest, unsigned type) {
        const struct nlattr *a;

        if (nest)
                mnl_attr_for_each_nested(a, nest)
                        if (mnl_attr_get_type(a) == type)
                                return a;
        return NULL;
}

static uint32_t find_u32(const struct nlattr *nest, unsigned type) {
        const struct nlattr *a = find(nest, type);

        return a && mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(a)) : UINT32_MAX;
}

static void read_immediate(NftRule *rule, const struct nlattr *data) {
        const struct nlattr *verdict = find(find(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT), *chain;

        if (!verdict)
                return; /* a number for a register */
        switch ((int) find_u32(verdict, NFTA_VERDICT_CODE)) {
        case NF_ACCEPT:
                rule->accepts = true;
                break;
        case NFT_CONTINUE:
        case NFT_RETURN:
                break;
        default:
                chain = find(verdict, NFTA_VERDICT_CHAIN);
                if (chain)
                        copy_name(rule->jump, sizeof(rule->jump), chain);
                rule->may_stop = true;
        }
}

/* The comment of iptables is a match that always matches. */
static void read_match(NftRule *rule, const struct nlattr *data) {
        const struct nlattr *name = find(data, NFTA_MATCH_NAME), *info = find(data, NFTA_MATCH_INFO);

        if (name && info && strncmp(mnl_attr_get_str(name), "comment", mnl_attr_get_payload_len(name)) == 0)
                copy_name(rule->tag, sizeof(rule->tag), info);
}

static bool is_link(uint32_t key) {
        return key == NFT_META_IIFNAME || key == NFT_META_OIFNAME || key == NFT_META_BRI_IIFNAME || key == NFT_META_BRI_OIFNAME;
}

static void read_compare(NftRule *rule, uint32_t compared, const struct nlattr *data) {
        const struct nlattr *value = find(find(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);

        if (value && is_link(compared) && !rule->ifname[0]) {
                rule->key = compared;
                copy_name(rule->ifname, sizeof(rule->ifname), value);
        } else if (value && compared == NFT_META_L4PROTO && mnl_attr_get_payload_len(value) == 1)
                rule->protocol = mnl_attr_get_u8(value);
}

/* *meta: what was read before it, an NFT_META_*, or UINT32_MAX for what is none. */
static void read_expression(NftRule *rule, uint32_t *meta, const struct nlattr *expression) {
        static const char *const harmless[] = { "bitwise", "byteorder", "counter", "ct", "exthdr", "fib", "hash", "last", "limit",
                                                "log", "numgen", "osf", "payload", "quota", "range", "rt", "socket", "xfrm" };
        const struct nlattr *name = find(expression, NFTA_EXPR_NAME), *data = find(expression, NFTA_EXPR_DATA);
        const char *s = name ? mnl_attr_get_str(name) : "";
        uint32_t compared = *meta;

        *meta = strcmp(s, "meta") == 0 ? find_u32(data, NFTA_META_KEY) : UINT32_MAX;
        if (*meta != UINT32_MAX)
                return;
        if (strcmp(s, "immediate") == 0)
                read_immediate(rule, data);
        else if (strcmp(s, "match") == 0)
                read_match(rule, data);
        else if (strcmp(s, "cmp") == 0)
                read_compare(rule, compared, data);
        else if (strcmp(s, "lookup") == 0) {
                if (find(data, NFTA_LOOKUP_DREG)) /* a map, whose values may be verdicts */
                        rule->may_stop = true;
        } else {
                for (size_t i = 0; i < ELEMENTSOF(harmless); i++)
                        if (strcmp(s, harmless[i]) == 0)
                                return;
                rule->may_stop = true;
        }
}

static void read_userdata(NftRule *rule, const struct nlattr *a) {
        const uint8_t *p = mnl_attr_get_payload(a);
        size_t left = mnl_attr_get_payload_len(a);

        while (left >= 2 && left >= 2u + p[1]) {
                if (p[0] == UDATA_COMMENT)
                        snprintf(rule->tag, sizeof(rule->tag), "%.*s", p[1], (const char *) p + 2);
                left -= 2u + p[1];
                p += 2u + p[1];
        }
}

static int on_rule(const struct nlmsghdr *m, void *userdata) {
        const struct nlattr *a, *e;
        NftRule *rule = list_add(userdata);
        uint32_t meta = UINT32_MAX;

        if (!rule)
                return -ENOMEM;
        rule->key = UINT32_MAX;
        mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
                switch (mnl_attr_get_type(a)) {
                case NFTA_RULE_HANDLE:
                        rule->handle = be64toh(mnl_attr_get_u64(a));
                        break;
                case NFTA_RULE_USERDATA:
                        read_userdata(rule, a);
                        break;
                case NFTA_RULE_EXPRESSIONS:
                        mnl_attr_for_each_nested(e, a)
                                read_expression(rule, &meta, e);
                        break;
                }
        return 0;
}

int nft_rule_list(Netlink *nl, const NftChain *chain, NftRule **ret, size_t *ret_n) {
        List l = { .size = sizeof(NftRule) };
        int r = -EINTR;

        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                struct nlmsghdr *m = add(nl, NFT_MSG_GETRULE, NLM_F_DUMP, chain->family);

                l.n = 0;
                free(l.items);
                l.items = NULL;
                mnl_attr_put_strz(m, NFTA_RULE_TABLE, chain->table);
                mnl_attr_put_strz(m, NFTA_RULE_CHAIN, chain->name);
                r = netlink_run(nl, on_rule, &l, NULL);
        }
        if (r < 0) {
                free(l.items);
                return r;
        }
        *ret = l.items;
        *ret_n = l.n;
        return 0;
}

static int on_counted(const struct nlmsghdr *m _unused_, void *userdata) {
        (*(int *) userdata)++;
        return 0;
}

/* The table is asked for by itself: a dump of the rules of one that is not there is an empty one. */
int nft_rule_count(uint8_t family, const char *table) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        int n = 0, r;

        r = netlink_new(NETLINK_NETFILTER, -1, &nl);
        if (r < 0)
                return r;
        mnl_attr_put_strz(add(nl, NFT_MSG_GETTABLE, 0, family), NFTA_TABLE_NAME, table);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r < 0)
                return r;
        r = -EINTR;
        for (unsigned i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
                n = 0;
                mnl_attr_put_strz(add(nl, NFT_MSG_GETRULE, NLM_F_DUMP, family), NFTA_RULE_TABLE, table);
                r = netlink_run(nl, on_counted, &n, NULL);
        }
        return r < 0 ? r : n;
}

/* ---- changes ---- */

/* Of a transaction's frame only a failure is answered (before Linux 6.10): see netlink_run(). */
static void add_frame(Netlink *nl, uint16_t type) {
        struct nfgenmsg h = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

        netlink_add(nl, type, 0, &h, sizeof(h))->nlmsg_flags &= (uint16_t) ~NLM_F_ACK;
}

void nft_begin(Netlink *nl) {
        add_frame(nl, NFNL_MSG_BATCH_BEGIN);
}

int nft_commit(Netlink *nl) {
        add_frame(nl, NFNL_MSG_BATCH_END);
        return netlink_run(nl, NULL, NULL, NULL);
}

/* An expression's nests, open: its data follows. */
typedef struct Expression {
        struct nlattr *element, *data;
} Expression;

static Expression begin_expression(struct nlmsghdr *m, const char *name) {
        Expression e = { .element = mnl_attr_nest_start(m, NFTA_LIST_ELEM) };

        mnl_attr_put_strz(m, NFTA_EXPR_NAME, name);
        e.data = mnl_attr_nest_start(m, NFTA_EXPR_DATA);
        return e;
}

static void end_expression(struct nlmsghdr *m, Expression e) {
        mnl_attr_nest_end(m, e.data);
        mnl_attr_nest_end(m, e.element);
}

static void put_u32(struct nlmsghdr *m, uint16_t type, uint32_t value) {
        mnl_attr_put_u32(m, type, htonl(value));
}

static void put_equals(struct nlmsghdr *m, const void *value, size_t size) {
        Expression e = begin_expression(m, "cmp");
        struct nlattr *data;

        put_u32(m, NFTA_CMP_SREG, NFT_REG_1);
        put_u32(m, NFTA_CMP_OP, NFT_CMP_EQ);
        data = mnl_attr_nest_start(m, NFTA_CMP_DATA);
        mnl_attr_put(m, NFTA_DATA_VALUE, size, value);
        mnl_attr_nest_end(m, data);
        end_expression(m, e);
}

static void put_meta(struct nlmsghdr *m, uint32_t key) {
        Expression e = begin_expression(m, "meta");

        put_u32(m, NFTA_META_KEY, key);
        put_u32(m, NFTA_META_DREG, NFT_REG_1);
        end_expression(m, e);
}

static void put_link(struct nlmsghdr *m, const NftAccept *accept) {
        char name[IF_NAMESIZE] = {};

        put_meta(m, accept->key);
        snprintf(name, sizeof(name), "%s", accept->ifname);
        put_equals(m, name, sizeof(name));
}

/* ip daddr 127.0.0.0/8, as nft(8) writes it: the first byte, and in the family inet only if the packet is of IPv4. */
static void put_loopback(struct nlmsghdr *m, uint8_t family) {
        Expression e;

        if (family != NFPROTO_IPV4) {
                put_meta(m, NFT_META_NFPROTO);
                put_equals(m, &(uint8_t){ NFPROTO_IPV4 }, 1);
        }
        e = begin_expression(m, "payload");
        put_u32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
        put_u32(m, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
        put_u32(m, NFTA_PAYLOAD_OFFSET, offsetof(struct iphdr, daddr));
        put_u32(m, NFTA_PAYLOAD_LEN, 1);
        end_expression(m, e);
        put_equals(m, &(uint8_t){ 127 }, 1);
}

static void put_verdict(struct nlmsghdr *m) {
        Expression e = begin_expression(m, "immediate");
        struct nlattr *data, *verdict;

        put_u32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        data = mnl_attr_nest_start(m, NFTA_IMMEDIATE_DATA);
        verdict = mnl_attr_nest_start(m, NFTA_DATA_VERDICT);
        put_u32(m, NFTA_VERDICT_CODE, NF_ACCEPT);
        mnl_attr_nest_end(m, verdict);
        mnl_attr_nest_end(m, data);
        end_expression(m, e);
}

static void put_comment(struct nlmsghdr *m, const char *tag) {
        uint8_t data[2 + 128];
        size_t n = strlen(tag) + 1;

        if (n > sizeof(data) - 2)
                return;
        data[0] = UDATA_COMMENT;
        data[1] = (uint8_t) n;
        memcpy(data + 2, tag, n);
        mnl_attr_put(m, NFTA_RULE_USERDATA, 2 + n, data);
}

void nft_put_accept(Netlink *nl, const NftChain *chain, const NftAccept *accept) {
        struct nlmsghdr *m = add(nl, NFT_MSG_NEWRULE, NLM_F_CREATE, chain->family); /* no NLM_F_APPEND: before all others */
        struct nlattr *list;

        mnl_attr_put_strz(m, NFTA_RULE_TABLE, chain->table);
        mnl_attr_put_strz(m, NFTA_RULE_CHAIN, chain->name);
        list = mnl_attr_nest_start(m, NFTA_RULE_EXPRESSIONS);
        put_link(m, accept);
        if (accept->loopback)
                put_loopback(m, chain->family);
        if (accept->protocol) {
                put_meta(m, NFT_META_L4PROTO);
                put_equals(m, &accept->protocol, 1);
        }
        end_expression(m, begin_expression(m, "counter"));
        put_verdict(m);
        mnl_attr_nest_end(m, list);
        put_comment(m, accept->tag);
}

void nft_put_delete(Netlink *nl, const NftChain *chain, uint64_t handle) {
        struct nlmsghdr *m = add(nl, NFT_MSG_DELRULE, 0, chain->family);

        mnl_attr_put_strz(m, NFTA_RULE_TABLE, chain->table);
        mnl_attr_put_strz(m, NFTA_RULE_CHAIN, chain->name);
        mnl_attr_put_u64(m, NFTA_RULE_HANDLE, htobe64(handle));
}
