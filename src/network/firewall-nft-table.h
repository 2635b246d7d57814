/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "range.h"

/* The shape of the table `ip nbox`: chains whose rules are always the same, and the sets and maps that these rules ask. What a
 * zone or a machine needs is an element, so that a packet's way and the cost of a change do not grow with machines. */

#define NFT_TABLE "nbox"

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
        NFT_SET_TCP_HOST,   /* offered to a machine: its bridge . its address . its gateway . port → the host's loopback */
        NFT_SET_UDP_HOST,
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
} NftSetShape;

extern const NftSetShape nft_sets[N_NFT_SETS];

/* The commands that make the table with its sets and chains, and the rules of the chains anew; elements that are there stay. */
void nft_table_write(FILE *f);

/* How many rules a chain of the table has; 0 for one that it has not. And of how many chains that is true. */
size_t nft_chain_rules(const char *chain);
size_t nft_table_rules(void);
