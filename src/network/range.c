/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why ranges are chosen and not fixed: a fixed one (Docker's 172.17.0.0/16 is the well-known case) sooner or later
 * covers an office network or a VPN, and then that is what cannot be reached any more, from the host too. So the range
 * meets nothing that the host has a route to, and is kept once chosen. */

#include "range.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "cleanup.h"
#include "parse.h"

void range_format(Range r, char ret[RANGE_TEXT_MAX]) {
        char base[ADDRESS_TEXT_MAX];

        snprintf(ret, RANGE_TEXT_MAX, "%s/%u", address_format(r.base, base), r.prefix % 33);
}

uint32_t range_mask(Range r) {
        return r.prefix == 0 ? 0 : UINT32_MAX << (32 - r.prefix);
}

/* No host has an address of "this" network, of the loopback, or of what is multicast, reserved or broadcast (RFC 6890). */
static bool is_for_hosts(Range r) {
        uint32_t first = r.base >> 24;

        return first != 0 && first != 127 && first < 224;
}

int range_parse(const char *s, Range *ret) {
        const char *slash = strchr(s, '/');
        char text[ADDRESS_TEXT_MAX];
        uint64_t prefix;
        uint32_t base;
        Range r;

        if (!slash || (size_t) (slash - s) >= sizeof(text))
                return -EINVAL;
        memcpy(text, s, (size_t) (slash - s));
        text[slash - s] = 0;
        if (address_parse(text, &base) < 0 || parse_u64(slash + 1, 29, &prefix) < 0 || prefix < 8)
                return -EINVAL;
        r = (Range){ base, (unsigned) prefix };
        if (r.base & ~range_mask(r) || !is_for_hosts(r))
                return -EINVAL;
        *ret = r;
        return 0;
}

bool range_contains(Range r, uint32_t address) {
        return (address & range_mask(r)) == r.base;
}

bool range_overlaps(Range a, Range b) {
        Range wider = a.prefix < b.prefix ? a : b;

        return ((a.base ^ b.base) & range_mask(wider)) == 0;
}

bool range_is_catch_all(Range r) {
        return r.prefix <= 1;
}

const TakenRange *range_find_clash(Range r, const TakenRange *taken, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!range_is_catch_all(taken[i].range) && range_overlaps(r, taken[i].range))
                        return taken + i;
        return NULL;
}

int range_choose(uint64_t seed, const TakenRange *taken, size_t n, Range *ret) {
        static const Range blocks[] = {
                { 0x0a000000, 8 },  /* 10.0.0.0/8 */
                { 0xac100000, 12 }, /* 172.16.0.0/12 */
                { 0xc0a80000, 16 }, /* 192.168.0.0/16 */
        };

        for (size_t b = 0; b < ELEMENTSOF(blocks); b++) {
                uint32_t count = 1U << (ZONE_PREFIX - blocks[b].prefix), first = (uint32_t) (seed % count);

                for (uint32_t i = 0; i < count; i++) {
                        Range r = { blocks[b].base + (((first + i) % count) << (32 - ZONE_PREFIX)), ZONE_PREFIX };

                        if (!range_find_clash(r, taken, n)) {
                                *ret = r;
                                return 0;
                        }
                }
        }
        return -ENOSPC;
}

uint32_t range_slots(Range r) {
        return ~range_mask(r) - 2;
}

uint32_t range_slot(Range r, uint32_t i) {
        return r.base + 2 + i;
}

uint32_t range_gateway(Range r) {
        return r.base + 1;
}
