/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Address arithmetic and the choice of a zone's range: pure functions, host byte order, no look at the host. */

typedef struct Range {
        uint32_t base; /* host byte order, host bits zero */
        unsigned prefix;
} Range;

/* A range that somebody has, and what to call it in an error ("route 10.1.0.0/16 on tun0"). */
typedef struct TakenRange {
        Range range;
        char what[96];
} TakenRange;

#define RANGE_TEXT_MAX 19 /* "255.255.255.255/32" and a NUL */
void range_format(Range r, char ret[RANGE_TEXT_MAX]);

/* "10.1.2.0/24", prefix 8 to 29, host bits zero, of addresses that hosts can have, private or not. 0 or -EINVAL. */
int range_parse(const char *s, Range *ret);

uint32_t range_mask(Range r);
bool range_contains(Range r, uint32_t address);
bool range_overlaps(Range a, Range b);

/* Whether a route to it takes "everything" and so says nothing about who uses it: a default route, and the two
 * halves 0/1 and 128/1 by which VPN clients put themselves before the default route. */
bool range_is_catch_all(Range r);

/* The first of `taken` that `r` meets, catch-alls passed over, or NULL. */
const TakenRange *range_find_clash(Range r, const TakenRange *taken, size_t n);

/* Choose a free range of ZONE_PREFIX out of 10/8, then 172.16/12, then 192.168/16, beginning at a place that `seed`
 * decides, so that two hosts on one wire seldom choose the same. 0 or -ENOSPC. */
#define ZONE_PREFIX 22 /* 1,021 machines; the kernel's bridges hold 1,023 ports */
int range_choose(uint64_t seed, const TakenRange *taken, size_t n, Range *ret);

/* How many addresses of a zone are for machines, and the i-th of them: all but the network's, the gateway's (the
 * first) and the broadcast address. */
uint32_t range_slots(Range r);
uint32_t range_slot(Range r, uint32_t i);
uint32_t range_gateway(Range r);
