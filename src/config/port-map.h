/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "address.h"
#include "config.h"
#include "error.h"

/* Published ports as text, and lists of them. What users write is one of
 *
 *     [ADDR:]HOST[-HOST2][:MACHINE[-MACHINE2]][/tcp|/udp]    ADDR: 192.0.2.1 or [2001:db8::1]
 *     [tcp:|udp:]HOST[:MACHINE]                            as systemd-nspawn has it
 *
 * or both at once where they do not contradict; what nbox writes, everywhere, is PROTOCOL:[ADDR:]HOST[-HOST2]:MACHINE[-MACHINE2],
 * which reads back as the same. */

/* An address before a port: "192.0.2.1", "[2001:db8::1]", or "" for none, which is every address. */
#define PORT_ADDRESS_TEXT_MAX (IP_TEXT_MAX + 2)
void port_address_format(const IpAddress *address, char ret[PORT_ADDRESS_TEXT_MAX]);

#define PORT_MAP_TEXT_MAX (PORT_ADDRESS_TEXT_MAX + 29) /* "tcp:", the address, ":10000-65534:10000-65534" */
void port_map_format(const PortMap *p, char ret[PORT_MAP_TEXT_MAX]);

/* 0 or -EINVAL (what is wrong with it, and what it takes). */
int port_map_parse(const char *text, PortMap *ret, Error **reterr);

/* The same without ADDR, for ports of the host's loopback that are offered inside. */
int host_port_parse(const char *text, PortMap *ret, Error **reterr);

/* "8080", "8000-8099": the host's ports, or the machine's. */
#define PORT_RANGE_TEXT_MAX 12
void port_range_format(uint16_t first, uint16_t count, char ret[PORT_RANGE_TEXT_MAX]);

bool port_map_same(const PortMap *a, const PortMap *b);

/* Whether something of the host can be reached by both addresses. */
bool port_address_meets(const IpAddress *a, const IpAddress *b);

/* Whether an address of that family (AF_INET, AF_INET6) can be meant by it; whether all of them are. */
bool port_address_is_of(const IpAddress *address, int family);
bool port_address_is_any(const IpAddress *address);

/* Whether a connection to the host can be meant by both. */
bool port_map_clash(const PortMap *a, const PortMap *b);

/* Likewise of two ports of the host's that are offered inside: a connection of the machine's. */
bool host_port_clash(const PortMap *a, const PortMap *b);

/* Append one; an earlier one that clashes is -EEXIST. */
int port_list_add(PortList *list, const PortMap *p, bool (*clash)(const PortMap *, const PortMap *), Error **reterr);

/* Put a copy of `from` into *ret, which is empty. 0 or -ENOMEM. */
int port_list_copy(const PortList *from, PortList *ret);

/* Take out the one that is the same. False when there is none. */
bool port_list_remove(PortList *list, const PortMap *p);

void port_list_done(PortList *list);

/* "tcp:8080:80", …: an array of strings that is the caller's, NULL for an empty list. 0 or -ENOMEM. */
int port_list_format(const PortList *list, char ***ret);
