/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firewall.h"
#include "firewall-nft-table.h"
#include "tag.h"

/* Elements of the table's sets, as nft writes them: those that stand, and those that zones and machines need. */

#define NFT_KEY_MAX 72 /* two names of interfaces, or one, two addresses and a port */
#define NFT_DATA_MAX 28

typedef struct NftElement {
        NftSet set;
        char key[NFT_KEY_MAX];   /* "203.0.113.1 . 80" */
        char data[NFT_DATA_MAX]; /* "10.1.0.5 . 8080", "" in a set */
        char tag[TAG_MAX];       /* whose it is: its comment, "" for none */
        uint32_t address;        /* of the key, host byte order; in NFT_SET_RANGES the first; 0: all */
        uint16_t port;           /* of the key */
        uint32_t last;           /* in NFT_SET_RANGES the last address */
} NftElement;

typedef struct NftElements {
        NftElement *items; /* owned; sorted by set and key */
        size_t n, allocated;
} NftElements;

void nft_elements_clear(NftElements *l);
int nft_elements_add(NftElements *l, const NftElement *e);
void nft_elements_sort(NftElements *l);
const NftElement *nft_elements_find(const NftElements *l, const NftElement *like); /* the same set and key, or NULL */

/* What these zones and machines need. 0 or -ENOMEM. */
int nft_elements_want(NftElements *l, const FirewallSet *set);

typedef enum NftTableState {
        NFT_TABLE_ABSENT,
        NFT_TABLE_BROKEN, /* of its rules or sets some are missing */
        NFT_TABLE_WHOLE,
} NftTableState;

/* What stands, over netlink: no library is needed. 0 or -errno. */
int nft_elements_read(NftElements *l, NftTableState *ret_table);
