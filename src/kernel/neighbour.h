/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "address.h"
#include "netlink.h"

/* Who is where on an Ethernet, said by us instead of learned: what is learned is whatever a frame claims, and whoever sends the
 * frame chooses the claim. All that put only add to the batch of `nl`; those that ask run it. */

/* Packets to the address leave by that interface to that MAC address, whoever else answers to ARP or neighbour discovery. It stays until it
 * is taken away or the interface goes. */
void neighbour_put(Netlink *nl, int index, const IpAddress *address, const uint8_t mac[6]);
void neighbour_put_gone(Netlink *nl, int index, const IpAddress *address);

/* What was put there: 1 and the MAC address, 0 where nothing was, or -errno. What was learned is nothing. */
int neighbour_get(Netlink *nl, int index, const IpAddress *address, uint8_t ret[6]);

/* Whether a bridge knows by which port that MAC address is: 1, 0 or -errno. */
int neighbour_has_port(Netlink *nl, int bridge, const uint8_t mac[6]);

/* Frames to the MAC address leave by that port of a bridge, even when others send with it as their own (Linux 4.20). It goes with
 * the port. */
void neighbour_put_port(Netlink *nl, int port, const uint8_t mac[6]);
