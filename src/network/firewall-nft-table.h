/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The shape of the tables `ip nbox` and `ip6 nbox`: chains whose rules are always the same, and the sets and maps that these rules ask.
 * What a zone or a machine needs is an element, so that a packet's way and the cost of a change do not grow with machines. The two are
 * one description; `ip6 nbox` is there as long as a zone has IPv6. A family is AF_INET or AF_INET6. */

#define NFT_TABLE "nbox"

#define N_NFT_FAMILIES 2
extern const int nft_families[N_NFT_FAMILIES];
const char *nft_family_name(int family); /* "ip", "ip6" */

typedef enum NftSet {
        NFT_SET_BRIDGES,    /* zones' bridges */
        NFT_SET_RANGES,     /* zones' ranges */
        NFT_SET_NEIGHBOURS, /* from which bridge to which what is forwarded may pass: a zone's to itself */
        NFT_SET_ISOLATED,   /* likewise of zones where only what was published may */
        NFT_SET_CLOSED,     /* bridges that nothing leaves by */
        NFT_SET_SERVICES,   /* addresses of isolated zones' own DNS and DHCP */
        NFT_SET_TCP,        /* published: port → address . port of the machine */
        NFT_SET_UDP,
        NFT_SET_TCP_AT,     /* published on one address */
        NFT_SET_UDP_AT,
        NFT_SET_TCP_HOST,   /* offered to a machine: its bridge . its address . its gateway . port → the host's loopback; IPv4 alone */
        NFT_SET_UDP_HOST,
        NFT_SET_GUARDED,    /* bridges that only addresses of their zone may come from; these four IPv6 alone */
        NFT_SET_ROUTED,     /* ranges that are not translated */
        NFT_SET_TCP_OWN,    /* published at a machine's own address */
        NFT_SET_UDP_OWN,
        N_NFT_SETS,
} NftSet;

typedef enum NftField {
        NFT_FIELD_NONE,
        NFT_FIELD_IFNAME,
        NFT_FIELD_ADDRESS,
        NFT_FIELD_PORT,
} NftField;

#define NFT_FIELDS_MAX 4

typedef struct NftSetShape {
        const char *name;
        NftField key[NFT_FIELDS_MAX];
        NftField data[NFT_FIELDS_MAX]; /* none: a set, not a map */
        bool interval;
        int only; /* a family, or 0: both */
} NftSetShape;

extern const NftSetShape nft_sets[N_NFT_SETS];

/* Whether a family's table has that set. */
bool nft_set_is_of(NftSet set, int family);

/* The commands that make a family's table with its sets and chains, and the rules of the chains anew; elements that are there stay. */
void nft_table_write(FILE *f, int family);

/* How many rules a chain of it has; 0 for one that it has not. And all of them. */
size_t nft_chain_rules(int family, const char *chain);
size_t nft_table_rules(int family);
