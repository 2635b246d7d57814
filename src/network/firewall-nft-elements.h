/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firewall.h"
#include "firewall-nft-table.h"
#include "tag.h"

/* Elements of the tables' sets, as nft writes them: those that stand, and those that zones and machines need. */

#define NFT_KEY_MAX 72 /* two names of interfaces, or one, two addresses and a port */
#define NFT_DATA_MAX 56
#define NFT_ADDRESS_MAX 16

typedef struct NftElement {
        int family;
        NftSet set;
        char key[NFT_KEY_MAX];   /* "203.0.113.1 . 80" */
        char data[NFT_DATA_MAX]; /* "10.1.0.5 . 8080", "" in a set */
        char tag[TAG_MAX];       /* whose it is: its comment, "" for none */
        uint16_t port;           /* of the key */
        /* of the key, as packets have it, with zeros behind one of IPv4: all zero for all; in an interval the first and the last */
        uint8_t address[NFT_ADDRESS_MAX];
        uint8_t last[NFT_ADDRESS_MAX];
} NftElement;

typedef struct NftElements {
        NftElement *items; /* owned; sorted by family, set and key */
        size_t n, allocated;
} NftElements;

void nft_elements_clear(NftElements *l);
int nft_elements_add(NftElements *l, const NftElement *e);
void nft_elements_sort(NftElements *l);
const NftElement *nft_elements_find(const NftElements *l, const NftElement *like); /* the same family, set and key, or NULL */

/* What these zones and machines need. 0 or -ENOMEM. */
int nft_elements_want(NftElements *l, const FirewallSet *set);

typedef enum NftTableState {
        NFT_TABLE_ABSENT,
        NFT_TABLE_BROKEN, /* of its rules or sets some are missing */
        NFT_TABLE_WHOLE,
} NftTableState;

/* The address of its key, for comparisons with those of ports. */
IpAddress nft_element_address(const NftElement *e);

/* What stands, over netlink: no library is needed; the tables in the order of nft_families. 0 or -errno. */
int nft_elements_read(NftElements *l, NftTableState ret_tables[N_NFT_FAMILIES]);
