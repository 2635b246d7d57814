/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "link.h"

/* A machine's interface that is in no zone: one function makes it, at a start as well as later, one sets it up inside. All that is the host's
 * matter (addresses of its end, forwarding, filters) is left to the host.
 *
 * What is on the host bears the machine's name in its alias (machine-link.h) and goes with the machine's namespace; what has no end on the
 * host is born in that namespace. NIC_INTERFACE is made nowhere: see give.h. */

typedef struct NicLink {
        const char *machine;
        const NicConfig *config; /* with its name inside */
        unsigned number;         /* NIC_VETH, NIC_BRIDGE: which of the machine's; they are called ve-MACHINE, ve-MACHINE_1, … */
        uint8_t mac[6];          /* of the machine's end; made by nic_link_make() where it is not chosen */
        LinkInfo host;           /* the host's end, once it is made; index 0: there is none */
} NicLink;

/* Make it, down inside, in the namespace `netns`. What a dead machine of that name left is replaced. On failure nothing of it is there.
 * -ENODEV: no such link on the host; -EEXIST: a name is somebody else's; -EOPNOTSUPP: this kernel or this link cannot; each with what to do. */
int nic_link_make(Netlink *nl, NicLink *link, int netns, Error **reterr);

/* Inside, through a socket of the machine's namespace: an altname ("eth0"; NULL: none), and where addresses were asked for, these, up, and the
 * ways out. Without any it stays as it was born, for a network manager inside. */
int nic_link_set_up_inside(Netlink *inside, const NicLink *link, const char *altname, Error **reterr);

/* One function a kind, for nic_link_make(). */
int nic_link_make_pair(Netlink *nl, NicLink *link, int netns, Error **reterr);    /* nic-link-pair.c */
int nic_link_make_stacked(Netlink *nl, NicLink *link, int netns, Error **reterr); /* nic-link-stacked.c */
