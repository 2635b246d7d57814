/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "range.h"
#include "range6.h"

/* What an administrator does with zones. Each takes the network lock; none touches a zone that machines run in (-EBUSY with their
 * names). Need root. */

/* What becomes of a zone's IPv6. */
typedef struct Range6Wish {
        enum {
                RANGE6_AS_IT_IS, /* what it has, or one that is chosen */
                RANGE6_CHOSEN,
                RANGE6_GIVEN,
                RANGE6_NONE,
        } kind;
        Range6 range; /* RANGE6_GIVEN */
        bool routed;  /* likewise: the world has a route to it */
} Range6Wish;

typedef struct ZoneRequest {
        const char *name;
        Range range;        /* prefix 0: a free one is chosen */
        Range6Wish range6;
        bool isolated;
        bool closed;
        const char *uplink; /* an interface of the host's, or NULL */
        unsigned vlan;      /* of the uplink; 0: the uplink itself */
} ZoneRequest;

/* Make a zone that is kept though no machine is in it. One that came into being by use takes what is asked for, and keeps its
 * machines' places. -EEXIST: it was created before. */
int zone_create(const ZoneRequest *req, Error **reterr);

/* Forget a zone with its leases. -ENOENT. */
int zone_remove(const char *name, Error **reterr);

/* Give a zone other ranges: its machines keep their places in them where they can. Of the request, name, range and range6 count. Where
 * it asks for neither, what meets something of the host's is chosen anew, or else the IPv4 range. A prefix that is routed is never
 * chosen: only who has it knows another. */
typedef struct ZoneMoved {
        Range range;
        Range6 range6; /* prefix 0: none */
        size_t leases; /* before, of which */
        size_t kept;   /* have their place still */
} ZoneMoved;

int zone_move(const ZoneRequest *req, ZoneMoved *ret, Error **reterr);
