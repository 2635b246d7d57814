/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-nft-table.h"

#include <netinet/in.h>
#include <string.h>

#include "bridge-isolation.h"
#include "cleanup.h"

#define IFNAME NFT_FIELD_IFNAME
#define ADDRESS NFT_FIELD_ADDRESS
#define PORT NFT_FIELD_PORT

const int nft_families[N_NFT_FAMILIES] = { AF_INET, AF_INET6 };

const NftSetShape nft_sets[N_NFT_SETS] = {
        [NFT_SET_BRIDGES] = { .name = "bridges", .key = { IFNAME } },
        [NFT_SET_RANGES] = { .name = "ranges", .key = { ADDRESS }, .interval = true },
        [NFT_SET_NEIGHBOURS] = { .name = "neighbours", .key = { IFNAME, IFNAME } },
        [NFT_SET_ISOLATED] = { .name = "isolated", .key = { IFNAME, IFNAME } },
        [NFT_SET_CLOSED] = { .name = "closed", .key = { IFNAME } },
        [NFT_SET_SERVICES] = { .name = "services", .key = { ADDRESS } },
        [NFT_SET_TCP] = { .name = "tcp_ports", .key = { PORT }, .data = { ADDRESS, PORT } },
        [NFT_SET_UDP] = { .name = "udp_ports", .key = { PORT }, .data = { ADDRESS, PORT } },
        [NFT_SET_TCP_AT] = { .name = "tcp_ports_at", .key = { ADDRESS, PORT }, .data = { ADDRESS, PORT } },
        [NFT_SET_UDP_AT] = { .name = "udp_ports_at", .key = { ADDRESS, PORT }, .data = { ADDRESS, PORT } },
        [NFT_SET_TCP_HOST] = { .name = "tcp_host_ports", .key = { IFNAME, ADDRESS, ADDRESS, PORT }, .data = { ADDRESS, PORT },
                               .only = AF_INET },
        [NFT_SET_UDP_HOST] = { .name = "udp_host_ports", .key = { IFNAME, ADDRESS, ADDRESS, PORT }, .data = { ADDRESS, PORT },
                               .only = AF_INET },
        [NFT_SET_GUARDED] = { .name = "guarded", .key = { IFNAME }, .only = AF_INET6 },
        [NFT_SET_ROUTED] = { .name = "routed", .key = { ADDRESS }, .interval = true, .only = AF_INET6 },
        [NFT_SET_TCP_OWN] = { .name = "tcp_own_ports", .key = { ADDRESS, PORT }, .only = AF_INET6 },
        [NFT_SET_UDP_OWN] = { .name = "udp_own_ports", .key = { ADDRESS, PORT }, .only = AF_INET6 },
};

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

typedef struct ChainRule {
        const char *text; /* "$" is "ip" or "ip6"; NULL: none */
        int only;         /* a family, or 0: both */
} ChainRule;

typedef struct Chain {
        const char *name;
        const char *hook; /* what makes it a base chain, or NULL */
        ChainRule rules[10];
} Chain;

#define V4 AF_INET
#define V6 AF_INET6

/* In the order in which they must be made: a chain before a jump to it. The words are those that nft 1.0.6 knows. */
static const Chain chains[] = {
        /* Before the translation back of answers, so that it needs no exception: with route_localnet whatever listens on the
         * host's 127.0.0.1 would be open to machines (CVE-2020-8558). ::1 is refused by the kernel itself; and what rp_filter does
         * for IPv4 is done here: from a bridge comes what would go there. */
        { "guard", "type filter hook prerouting priority raw;",
          { { "iifname @bridges ip daddr 127.0.0.0/8 drop", V4 }, { "iifname @bridges ip saddr 127.0.0.0/8 drop", V4 },
            { "iifname @guarded ip6 saddr != { ::, fe80::/10 } fib saddr . iif oif missing drop", V6 } } },

        { "published", NULL,
          { { "dnat $ to $ daddr . tcp dport map @tcp_ports_at" }, { "dnat $ to tcp dport map @tcp_ports" },
            { "dnat $ to $ daddr . udp dport map @udp_ports_at" }, { "dnat $ to udp dport map @udp_ports" } } },
        { "incoming", "type nat hook prerouting priority dstnat;",
          { { "dnat ip to iifname . ip saddr . ip daddr . tcp dport map @tcp_host_ports", V4 },
            { "dnat ip to iifname . ip saddr . ip daddr . udp dport map @udp_host_ports", V4 },
            { "fib daddr type local jump published" } } },
        /* connections of the host itself, 127.0.0.1 included, but not ::1 (firewall.h); nft has no word for this priority at this hook */
        { "outgoing", "type nat hook output priority -100;",
          { { "fib daddr type local jump published", V4 }, { "ip6 daddr != ::1 fib daddr type local jump published", V6 } } },

        /* A server that is bound to all addresses answers over udp from the one that is nearest to the caller, which conntrack
         * would not know for the answer: so the caller is 127.0.0.1. */
        { "local", "type nat hook input priority 100;", { { "iifname @bridges ip daddr 127.0.0.0/8 snat to 127.0.0.1", V4 } } },
        /* From 127.0.0.1, which the machine would take for itself; published and called from a zone, for the answer would go
         * straight from machine to machine else; outward. */
        { "sources", "type nat hook postrouting priority srcnat;",
          { { "oifname @bridges ip saddr 127.0.0.0/8 masquerade", V4 }, { "oifname @bridges $ saddr @ranges ct status dnat masquerade" },
            { "ip6 saddr @routed return", V6 }, { "oifname != @bridges $ saddr @ranges masquerade" } } },

        /* With br_netfilter what is bridged to and from an isolated zone's own DNS and DHCP comes by here too; DHCP's answer is
         * none to conntrack, and so is the search for link-layer addresses. The host forwards nothing that comes from or goes to
         * addresses of a link, and what one machine bridges to another is stopped at their ports (bridge-isolation.h). */
        { "within_isolated", NULL,
          { { "ct status dnat meta mark set meta mark or " TEXT(ISOLATED_MARK) " accept" }, { "ct state established,related accept" },
            { "$ daddr @services accept" },
            { "ip daddr 255.255.255.255 accept", V4 }, { "ip saddr @services udp sport 67 udp dport 68 accept", V4 },
            { "ip6 daddr { fe80::/10, ff02::/16 } accept", V6 }, { "ip6 saddr fe80::/10 accept", V6 },
            { "ip6 saddr @services icmpv6 type nd-neighbor-advert accept", V6 }, { "drop" } } },
        /* An accept ends this chain alone: what others drop is dropped. */
        { "forward", "type filter hook forward priority filter;",
          { { "iifname . oifname @isolated jump within_isolated" }, { "ct state established,related accept" },
            { "iifname . oifname @neighbours accept" }, { "iifname @closed drop" }, { "ct status dnat accept" },
            { "ip6 daddr . tcp dport @tcp_own_ports accept", V6 }, { "ip6 daddr . udp dport @udp_own_ports accept", V6 },
            { "oifname @bridges drop" } } },
};

const char *nft_family_name(int family) {
        return family == AF_INET6 ? "ip6" : "ip";
}

bool nft_set_is_of(NftSet set, int family) {
        return nft_sets[set].only == 0 || nft_sets[set].only == family;
}

static bool rule_is_of(const ChainRule *rule, int family) {
        return rule->only == 0 || rule->only == family;
}

static void write_fields(FILE *f, int family, const NftField fields[NFT_FIELDS_MAX]) {
        for (size_t i = 0; i < NFT_FIELDS_MAX && fields[i] != NFT_FIELD_NONE; i++) {
                const char *address = family == AF_INET6 ? "ipv6_addr" : "ipv4_addr";

                fprintf(f, "%s%s", i > 0 ? " . " : "", fields[i] == IFNAME ? "ifname" : fields[i] == PORT ? "inet_service" : address);
        }
}

static void write_set(FILE *f, int family, const NftSetShape *s) {
        bool map = s->data[0] != NFT_FIELD_NONE;

        fprintf(f, "add %s %s " NFT_TABLE " %s { type ", map ? "map" : "set", nft_family_name(family), s->name);
        write_fields(f, family, s->key);
        if (map)
                fputs(" : ", f);
        write_fields(f, family, s->data);
        fprintf(f, ";%s }\n", s->interval ? " flags interval;" : "");
}

static void write_rule(FILE *f, int family, const Chain *chain, const ChainRule *rule) {
        fprintf(f, "add rule %s " NFT_TABLE " %s ", nft_family_name(family), chain->name);
        for (const char *c = rule->text; *c; c++)
                if (*c == '$')
                        fputs(nft_family_name(family), f);
                else
                        fputc(*c, f);
        fputc('\n', f);
}

static size_t count(int family, const Chain *c) {
        size_t n = 0;

        for (const ChainRule *rule = c->rules; rule->text; rule++)
                n += rule_is_of(rule, family);
        return n;
}

void nft_table_write(FILE *f, int family) {
        const char *name = nft_family_name(family);

        fprintf(f, "add table %s " NFT_TABLE "\nflush table %s " NFT_TABLE "\n", name, name);
        for (NftSet set = 0; set < N_NFT_SETS; set++)
                if (nft_set_is_of(set, family))
                        write_set(f, family, nft_sets + set);
        for (const Chain *c = chains; c < chains + ELEMENTSOF(chains); c++) {
                if (count(family, c) == 0)
                        continue;
                fprintf(f, "add chain %s " NFT_TABLE " %s", name, c->name);
                if (c->hook)
                        fprintf(f, " { %s policy accept; }", c->hook);
                fputc('\n', f);
                for (const ChainRule *rule = c->rules; rule->text; rule++)
                        if (rule_is_of(rule, family))
                                write_rule(f, family, c, rule);
        }
}

size_t nft_chain_rules(int family, const char *chain) {
        for (size_t i = 0; i < ELEMENTSOF(chains); i++)
                if (strcmp(chains[i].name, chain) == 0)
                        return count(family, chains + i);
        return 0;
}

size_t nft_table_rules(int family) {
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(chains); i++)
                n += count(family, chains + i);
        return n;
}
