/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "range.h"

/* A zone's IPv6 prefix: pure functions, no look at the host. An interface has the same place in it as its IPv4 address has in the
 * zone's IPv4 range, so that one lease serves both: 10.83.12.17 of 10.83.12.0/22 is PREFIX::11, the gateway .1 is ::1. */

typedef struct Range6 {
        struct in6_addr base; /* host bits zero */
        unsigned prefix;      /* 0: none */
} Range6;

#define RANGE6_PREFIX 64 /* of a range that is chosen; networks of hosts have no other (RFC 4291, 2.5.1) */

#define RANGE6_TEXT_MAX (INET6_ADDRSTRLEN + 4)
void range6_format(const Range6 *r, char ret[RANGE6_TEXT_MAX]); /* "" for none */

/* "fd12:3456:789a::/64": prefix 48 to 112, host bits zero, unique local (fc00::/7) or global (2000::/3). 0 or -EINVAL. */
int range6_parse(const char *s, Range6 *ret);

/* The network of an address. */
Range6 range6_of(const struct in6_addr *address, unsigned prefix);

bool range6_contains(const Range6 *r, const struct in6_addr *address);
bool range6_overlaps(const Range6 *a, const Range6 *b);

/* One of fd00::/8 with a global id of 40 bits that `seed` decides (RFC 4193), subnet 0. `nth`: the next choice, where one is taken. */
Range6 range6_choose(uint64_t seed, unsigned nth);

/* The place of an IPv4 address of `range`, and the gateway's. */
struct in6_addr range6_address(const Range6 *r, Range range, uint32_t address);
struct in6_addr range6_gateway(const Range6 *r);
