/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h> /* before the kernel's headers, which then leave its names alone */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink.h"

/* Chains and rules of nftables as the kernel has them, over netlink: what other people's rulesets do with a packet, as far as it
 * must be known to let ours through, and a rule of ours put into them. No library is loaded, and names go over as they are: those
 * of chains and tables need not be words of nft's grammar. `nl` is a socket of NETLINK_NETFILTER. Returns are 0 or -errno;
 * what a dump leaves half read since somebody changed it meanwhile is asked for again. */

#define NFT_NAME_MAX 256 /* NFT_NAME_MAXLEN of the kernel, with the NUL */
#define NFT_TAG_MAX 257  /* the longest comment, as xt_comment has it, and a NUL */

typedef struct NftChain {
        uint8_t family; /* NFPROTO_IPV4, … */
        char table[NFT_NAME_MAX];
        char name[NFT_NAME_MAX];
        uint32_t hook;  /* NF_INET_FORWARD, …; UINT32_MAX: no base chain */
        bool drops;     /* its policy is to drop */
} NftChain;

/* All chains of this network namespace; none where the kernel has no nftables. *ret is the caller's. */
int nft_chain_list(Netlink *nl, NftChain **ret, size_t *ret_n);

/* A rule, as far as doors-nft.c asks. */
typedef struct NftRule {
        uint64_t handle;
        char tag[NFT_TAG_MAX];     /* its comment, of nft's kind or of iptables-nft's; "" for none */
        bool may_stop;             /* it may drop or reject a packet, or send it where that happens */
        char jump[NFT_NAME_MAX];   /* the chain that it sends packets to, or "" */
        bool accepts;
        uint32_t key;              /* NFT_META_IIFNAME or the like when it compares that, else UINT32_MAX */
        char ifname[IF_NAMESIZE];  /* with this name */
        uint8_t protocol;          /* IPPROTO_ICMPV6 or the like when it compares the protocol above IP, else 0 */
} NftRule;

int nft_rule_list(Netlink *nl, const NftChain *chain, NftRule **ret, size_t *ret_n);

/* How many rules a table has, asked by a socket of its own. -ENOENT: there is no such table. */
int nft_rule_count(uint8_t family, const char *table);

/* Changes are sent between nft_begin() and nft_commit(): all of them are made, or none. */
typedef struct NftAccept {
        uint32_t key;       /* NFT_META_IIFNAME, … */
        const char *ifname;
        bool loopback;      /* to 127.0.0.0/8 only */
        uint8_t protocol;   /* this only, unless 0 */
        const char *tag;
} NftAccept;

void nft_begin(Netlink *nl);
void nft_put_accept(Netlink *nl, const NftChain *chain, const NftAccept *accept); /* at the top of the chain */
void nft_put_delete(Netlink *nl, const NftChain *chain, uint64_t handle);
int nft_commit(Netlink *nl); /* -EPERM: the table is owned by a program that lives */
