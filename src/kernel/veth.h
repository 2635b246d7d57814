/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "link.h"

/* A pair of connected interfaces: one on the host, a port of a bridge or by itself, the other born in a machine's namespace. */

typedef struct VethRequest {
        const char *name;        /* our end, at most 15 bytes */
        const char *altname;     /* longer name of our end; not fatal when it is taken; or NULL */
        const char *alias;       /* who it belongs to */
        bool own_name;           /* `name` is the caller's alone: what is there by that name is its own */
        int bridge;              /* ifindex of the bridge; 0: none */
        bool down;               /* our end is left as it is born */
        const uint8_t *mac;      /* of our end, 6 bytes; NULL: the kernel's choice */
        int netns;               /* fd of the namespace of the other end */
        const char *peer_name;
        const uint8_t *peer_mac; /* 6 bytes */
        bool hairpin;            /* the bridge may send packets back through the port that they came from */
        bool isolated;           /* it passes nothing between this port and others with that mark */
        uint32_t group;          /* link group of our end; 0: the default one */
} VethRequest;

/* Make the pair, our end up and in the bridge, and name it. *ret: what is known of our end by that, which is not its alias nor what
 * its peer is called by. -EEXIST when a link of that name is there; -EXFULL when the bridge has 1,023 ports. */
int veth_create(Netlink *nl, const VethRequest *req, LinkInfo *ret);
