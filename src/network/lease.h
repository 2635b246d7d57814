/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone-state.h"

/* The addresses of a zone: whose each is, and the choice of new ones. All in host byte order. */

/* Who wants an address. */
typedef struct LeaseRequest {
        const char *machine;
        unsigned nic;           /* which of its interfaces in this zone, from 1 */
        uint32_t wanted;        /* an address that was asked for by its value; 0: any */
        bool keep;              /* remember it for this name */
        const uint32_t *in_use; /* those of running machines, this interface excepted */
        size_t n_in_use;
        bool (*is_used)(uint32_t address, void *userdata); /* further ones, where the array is not all of them; or NULL */
        void *userdata;
} LeaseRequest;

/* The address of a machine's interface: the one that was asked for, or that it had, or else a free one, at a place that its name
 * decides. With `keep`, a new one is added to s->leases, and *ret_changed set; when all are leased, the oldest lease of a
 * machine that is not running is given up. 0 or -ENOSPC; for one that was asked for, -EADDRINUSE with whose it is, or -EINVAL. */
int lease_choose(ZoneState *s, const LeaseRequest *req, uint32_t *ret, bool *ret_changed, Error **reterr);

/* What this interface has, so that no other can be given its address; or NULL. */
const Lease *lease_find(const ZoneState *s, const char *machine, unsigned nic);

/* Have s->service set: the last address that nobody has. Where all are taken it stays 0, which is no error. Returns 1 when it was
 * set by this call. */
int lease_reserve_service(ZoneState *s, const uint32_t *in_use, size_t n_in_use);

/* Give the zone another range: leases and the service keep their place in it where the new one has such a place that is free; the
 * other leases are dropped, and chosen anew when they are wanted. */
void lease_move(ZoneState *s, Range range);
