/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "endpoint.h"
#include "network.h"
#include "nic-link.h"
#include "place.h"

/* A machine on its way onto its networks: what attach.c and its two further files (attach-inside.c, attach-lease.c) share. */

struct Attachment {
        NetworkRequest request;
        NicList nics;            /* its: the configuration's, and what was done by hand */
        const NetworkRequest *req;
        int lock;
        int netns;
        bool settled;            /* network_attach_settle() */
        Netlink *nl;
        Endpoint *endpoint;
        Placement at;            /* interfaces in zones */
        NicLink links[NICS_MAX]; /* the others, in the order of endpoint->links */
        size_t n_links;
        bool drifted; /* rules of a zone that machines are in already are missing: somebody flushed them, and those of the machines too */
};

/* Loopback and all interfaces, inside. */
int attachment_set_up_inside(Attachment *a, Error **reterr);

/* What was made of it, in the order of the request. */
void attachment_report(const Attachment *a, NetworkLease *ret);
