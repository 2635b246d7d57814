/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "range.h"

/* What an administrator does with zones. Each takes the network lock; none touches a zone that machines run in (-EBUSY with their
 * names). Need root. */

typedef struct ZoneRequest {
        const char *name;
        Range range;        /* prefix 0: a free one is chosen */
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

/* Give a zone another range (prefix 0: a free one is chosen): its machines keep their places in it where they can. */
typedef struct ZoneMoved {
        Range range;
        size_t leases; /* before, of which */
        size_t kept;   /* have their place still */
} ZoneMoved;

int zone_move(const char *name, Range range, ZoneMoved *ret, Error **reterr);
