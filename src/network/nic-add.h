/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "endpoint.h"
#include "nic-link.h"
#include "place.h"

/* One more interface for a machine that runs, in the steps that nic-change.c puts in order. With the network lock held. */

typedef struct NicAddition {
        int lock, netns;
        Netlink *nl, *inside;   /* the host's, the machine's */
        Endpoint *e;            /* gets what is chosen */
        NicConfig *config;      /* gets its name inside, where that is the interface's own */
        bool keep_address;
        bool wants_service;     /* its zone has a service, which is to run */
        NicList list;           /* of one; the rest is nic-add.c's */
        NetworkRequest req;
        Placement at;
        NicLink link;
} NicAddition;

/* Choose what is to be chosen, and write it into e: the zone is up by then. */
int nic_add_choose(NicAddition *a, Error **reterr);

/* Make it, when the file speaks of it. */
int nic_add_make(NicAddition *a, Error **reterr);

void nic_add_done(NicAddition *a);
