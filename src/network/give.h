/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "endpoint.h"
#include "error.h"
#include "netlink.h"

/* A machine's interfaces that are the host's own (given.h), all of them in the order of a start and an end. With the network lock held. */

/* Add to the machine's file, which the caller saves, what is to be given as `nic` says, and to that the interface's own name where
 * it is to have no other inside. -EBUSY: another machine has it. */
int give_look(Netlink *nl, NicConfig *nic, Endpoint *e, Error **reterr);

/* Say which of them the host has its way out by. */
void give_warn(const NicList *nics);

/* It goes into the namespace `netns`, which is kept from then on. A failure leaves what give_back() undoes. */
int give_send(Netlink *nl, const Endpoint *e, const NicConfig *nic, int netns, Error **reterr);

/* One of them, by the name that it was asked for by; `e` is without it then. */
int give_back_one(Netlink *nl, Endpoint *e, const char *name, Error **reterr);

/* All of it back; what can not be brought back now stands in the file still, and the namespace is kept for it. */
int give_back(Netlink *nl, const Endpoint *e, Error **reterr);
