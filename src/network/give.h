/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "endpoint.h"
#include "error.h"
#include "netlink.h"

/* A machine's interfaces that are the host's own (given.h), all of them in the order of a start and an end. With the network lock held. */

/* Add to the machine's file, which the caller saves, what is to be given as `nic` says. -EBUSY: another machine has it. */
int give_look(Netlink *nl, const NicConfig *nic, Endpoint *e, Error **reterr);

/* Say which of them the host has its way out by. */
void give_warn(const NicList *nics);

/* The i-th of e->given goes into the namespace `netns`, which is kept from then on. A failure leaves what give_back() undoes. */
int give_send(Netlink *nl, const Endpoint *e, size_t i, int netns, const char *inside, Error **reterr);

/* All of it back; what can not be brought back now stands in the file still, and the namespace is kept for it. */
int give_back(Netlink *nl, const Endpoint *e, Error **reterr);
