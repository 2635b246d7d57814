/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "range6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "parse.h"

void range6_format(const Range6 *r, char ret[RANGE6_TEXT_MAX]) {
        char address[IP_TEXT_MAX];
        IpAddress base = ip_v6(&r->base);

        if (r->prefix == 0)
                *ret = 0;
        else
                snprintf(ret, RANGE6_TEXT_MAX, "%s/%u", ip_format(&base, address), r->prefix);
}

static struct in6_addr masked(const struct in6_addr *a, unsigned prefix) {
        struct in6_addr m = {};

        memcpy(&m, a, prefix / 8);
        if (prefix % 8)
                m.s6_addr[prefix / 8] = (uint8_t) (a->s6_addr[prefix / 8] & 0xff << (8 - prefix % 8));
        return m;
}

Range6 range6_of(const struct in6_addr *address, unsigned prefix) {
        return (Range6){ masked(address, prefix), prefix };
}

static bool same_network(const struct in6_addr *a, const struct in6_addr *b, unsigned prefix) {
        struct in6_addr x = masked(a, prefix), y = masked(b, prefix);

        return memcmp(&x, &y, sizeof(x)) == 0;
}

int range6_parse(const char *s, Range6 *ret) {
        const char *slash = strchr(s, '/');
        char text[IP_TEXT_MAX];
        uint64_t prefix;
        IpAddress base;
        Range6 r;

        if (!slash || (size_t) (slash - s) >= sizeof(text))
                return -EINVAL;
        memcpy(text, s, (size_t) (slash - s));
        text[slash - s] = 0;
        if (ip_parse(text, &base) < 0 || base.family != AF_INET6 || parse_u64(slash + 1, 112, &prefix) < 0 || prefix < 48)
                return -EINVAL;
        if ((base.v6.s6_addr[0] & 0xfe) != 0xfc && (base.v6.s6_addr[0] & 0xe0) != 0x20)
                return -EINVAL;
        r = range6_of(&base.v6, (unsigned) prefix);
        if (memcmp(&r.base, &base.v6, sizeof(r.base)) != 0)
                return -EINVAL;
        *ret = r;
        return 0;
}

bool range6_contains(const Range6 *r, const struct in6_addr *address) {
        return r->prefix > 0 && same_network(&r->base, address, r->prefix);
}

bool range6_overlaps(const Range6 *a, const Range6 *b) {
        return same_network(&a->base, &b->base, a->prefix < b->prefix ? a->prefix : b->prefix);
}

Range6 range6_choose(uint64_t seed, unsigned nth) {
        uint64_t id = seed + nth;
        Range6 r = { .prefix = RANGE6_PREFIX };

        r.base.s6_addr[0] = 0xfd;
        for (int i = 0; i < 5; i++)
                r.base.s6_addr[1 + i] = (uint8_t) (id >> (8 * i));
        return r;
}

static struct in6_addr place(const Range6 *r, uint32_t offset) {
        struct in6_addr a = r->base;

        for (int i = 0; i < 4; i++)
                a.s6_addr[15 - i] |= (uint8_t) (offset >> (8 * i));
        return a;
}

struct in6_addr range6_address(const Range6 *r, Range range, uint32_t address) {
        return place(r, address - range.base);
}

struct in6_addr range6_gateway(const Range6 *r) {
        return place(r, 1);
}
