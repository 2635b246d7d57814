/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "netlink.h"

/* Links on top of another one: what comes in below is theirs by its address. They are born in a namespace of their own choice, down, and go
 * with it, or with the link below. */

typedef enum StackedKind {
        STACKED_MACVLAN, /* by MAC address; mode bridge: those on the same link see each other. The host itself is not seen by them. */
        STACKED_IPVLAN,  /* by IP address, all with the MAC address of the link below; mode L2 */
} StackedKind;

typedef struct StackedRequest {
        StackedKind kind;
        int lower;          /* ifindex of the link below */
        int netns;          /* fd of the namespace that it is born in */
        const char *name;   /* there, at most 15 bytes */
        const uint8_t *mac; /* 6 bytes; NULL: the kernel's choice. Not for STACKED_IPVLAN. */
} StackedRequest;

/* The kernel's module is loaded where it is missing. -EOPNOTSUPP: there is none; -EEXIST: the name is taken; -EBUSY: the link below is in
 * other use; -EINVAL: it is none that can have links on top. */
int stacked_create(Netlink *nl, const StackedRequest *req);
