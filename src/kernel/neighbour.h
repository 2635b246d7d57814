/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "address.h"
#include "netlink.h"

/* Who is where on an Ethernet, said by us instead of learned: what is learned is whatever a frame claims, and whoever sends the
 * frame chooses the claim. All of these only add to the batch of `nl`. */

/* Packets to the address leave by that interface to that MAC address, whoever else answers to ARP or neighbour discovery. It stays until it
 * is taken away or the interface goes. */
void neighbour_put(Netlink *nl, int index, const IpAddress *address, const uint8_t mac[6]);
void neighbour_put_gone(Netlink *nl, int index, const IpAddress *address);

/* Frames to the MAC address leave by that port of a bridge, even when others send with it as their own (Linux 4.20). It goes with
 * the port. */
void neighbour_put_port(Netlink *nl, int port, const uint8_t mac[6]);
