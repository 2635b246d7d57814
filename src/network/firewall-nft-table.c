/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-nft-table.h"

#include <string.h>

#include "bridge-isolation.h"
#include "cleanup.h"

const NftSetShape nft_sets[N_NFT_SETS] = {
        [NFT_SET_BRIDGES] = { "bridges", { NFT_FIELD_IFNAME }, {}, false },
        [NFT_SET_RANGES] = { "ranges", { NFT_FIELD_ADDRESS }, {}, true },
        [NFT_SET_NEIGHBOURS] = { "neighbours", { NFT_FIELD_IFNAME, NFT_FIELD_IFNAME }, {}, false },
        [NFT_SET_ISOLATED] = { "isolated", { NFT_FIELD_IFNAME, NFT_FIELD_IFNAME }, {}, false },
        [NFT_SET_CLOSED] = { "closed", { NFT_FIELD_IFNAME }, {}, false },
        [NFT_SET_SERVICES] = { "services", { NFT_FIELD_ADDRESS }, {}, false },
        [NFT_SET_TCP] = { "tcp_ports", { NFT_FIELD_PORT }, { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
        [NFT_SET_UDP] = { "udp_ports", { NFT_FIELD_PORT }, { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
        [NFT_SET_TCP_AT] = { "tcp_ports_at", { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
        [NFT_SET_UDP_AT] = { "udp_ports_at", { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
        [NFT_SET_TCP_HOST] = { "tcp_host_ports", { NFT_FIELD_IFNAME, NFT_FIELD_ADDRESS, NFT_FIELD_ADDRESS, NFT_FIELD_PORT },
                               { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
        [NFT_SET_UDP_HOST] = { "udp_host_ports", { NFT_FIELD_IFNAME, NFT_FIELD_ADDRESS, NFT_FIELD_ADDRESS, NFT_FIELD_PORT },
                               { NFT_FIELD_ADDRESS, NFT_FIELD_PORT }, false },
};

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

typedef struct Chain {
        const char *name;
        const char *hook;     /* what makes it a base chain, or NULL */
        const char *rules[8]; /* NULL ends them */
} Chain;

/* In the order in which they must be made: a chain before a jump to it. The words are those that nft 1.0.6 knows. */
static const Chain chains[] = {
        /* Before the translation back of answers, so that it needs no exception: with route_localnet whatever listens on the
         * host's 127.0.0.1 would be open to machines (CVE-2020-8558). */
        { "guard", "type filter hook prerouting priority raw;",
          { "iifname @bridges ip daddr 127.0.0.0/8 drop", "iifname @bridges ip saddr 127.0.0.0/8 drop" } },

        { "published", NULL,
          { "dnat ip to ip daddr . tcp dport map @tcp_ports_at", "dnat ip to tcp dport map @tcp_ports",
            "dnat ip to ip daddr . udp dport map @udp_ports_at", "dnat ip to udp dport map @udp_ports" } },
        { "incoming", "type nat hook prerouting priority dstnat;",
          { "dnat ip to iifname . ip saddr . ip daddr . tcp dport map @tcp_host_ports",
            "dnat ip to iifname . ip saddr . ip daddr . udp dport map @udp_host_ports", "fib daddr type local jump published" } },
        /* connections of the host itself, 127.0.0.1 included; nft has no word for this priority at this hook */
        { "outgoing", "type nat hook output priority -100;", { "fib daddr type local jump published" } },

        /* A server that is bound to all addresses answers over udp from the one that is nearest to the caller, which conntrack
         * would not know for the answer: so the caller is 127.0.0.1. */
        { "local", "type nat hook input priority 100;", { "iifname @bridges ip daddr 127.0.0.0/8 snat to 127.0.0.1" } },
        /* From 127.0.0.1, which the machine would take for itself; published and called from a zone, for the answer would go
         * straight from machine to machine else; outward. */
        { "sources", "type nat hook postrouting priority srcnat;",
          { "oifname @bridges ip saddr 127.0.0.0/8 masquerade", "oifname @bridges ip saddr @ranges ct status dnat masquerade",
            "oifname != @bridges ip saddr @ranges masquerade" } },

        /* With br_netfilter what is bridged to and from an isolated zone's own DNS and DHCP comes by here too; DHCP's answer is
         * none to conntrack. */
        { "within_isolated", NULL,
          { "ct status dnat meta mark set meta mark or " TEXT(ISOLATED_MARK) " accept", "ct state established,related accept",
            "ip daddr @services accept", "ip daddr 255.255.255.255 accept",
            "ip saddr @services udp sport 67 udp dport 68 accept", "drop" } },
        /* An accept ends this chain alone: what others drop is dropped. */
        { "forward", "type filter hook forward priority filter;",
          { "iifname . oifname @isolated jump within_isolated", "ct state established,related accept",
            "iifname . oifname @neighbours accept", "iifname @closed drop", "ct status dnat accept",
            "oifname @bridges drop" } },
};

static void write_fields(FILE *f, const NftField fields[NFT_FIELDS_MAX]) {
        static const char *const names[] = {
                [NFT_FIELD_IFNAME] = "ifname", [NFT_FIELD_ADDRESS] = "ipv4_addr", [NFT_FIELD_PORT] = "inet_service",
        };

        for (size_t i = 0; i < NFT_FIELDS_MAX && fields[i] != NFT_FIELD_NONE; i++)
                fprintf(f, "%s%s", i > 0 ? " . " : "", names[fields[i]]);
}

static void write_set(FILE *f, const NftSetShape *s) {
        bool map = s->data[0] != NFT_FIELD_NONE;

        fprintf(f, "add %s ip " NFT_TABLE " %s { type ", map ? "map" : "set", s->name);
        write_fields(f, s->key);
        if (map)
                fputs(" : ", f);
        write_fields(f, s->data);
        fprintf(f, ";%s }\n", s->interval ? " flags interval;" : "");
}

void nft_table_write(FILE *f) {
        fputs("add table ip " NFT_TABLE "\nflush table ip " NFT_TABLE "\n", f);
        for (size_t i = 0; i < N_NFT_SETS; i++)
                write_set(f, nft_sets + i);
        for (size_t i = 0; i < ELEMENTSOF(chains); i++) {
                fprintf(f, "add chain ip " NFT_TABLE " %s", chains[i].name);
                if (chains[i].hook)
                        fprintf(f, " { %s policy accept; }", chains[i].hook);
                fputc('\n', f);
                for (const char *const *rule = chains[i].rules; *rule; rule++)
                        fprintf(f, "add rule ip " NFT_TABLE " %s %s\n", chains[i].name, *rule);
        }
}

static size_t count(const Chain *c) {
        size_t n = 0;

        while (c->rules[n])
                n++;
        return n;
}

size_t nft_chain_rules(const char *chain) {
        for (size_t i = 0; i < ELEMENTSOF(chains); i++)
                if (strcmp(chains[i].name, chain) == 0)
                        return count(chains + i);
        return 0;
}

size_t nft_table_rules(void) {
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(chains); i++)
                n += count(chains + i);
        return n;
}
