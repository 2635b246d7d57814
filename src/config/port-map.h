/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "address.h"
#include "config.h"
#include "error.h"

/* Published ports as text, and lists of them. What users write is one of
 *
 *     [ADDR:]HOST[-HOST2][:MACHINE[-MACHINE2]][/tcp|/udp]
 *     [tcp:|udp:]HOST[:MACHINE]                            as systemd-nspawn has it
 *
 * or both at once where they do not contradict; what nbox writes, everywhere, is PROTOCOL:[ADDR:]HOST[-HOST2]:MACHINE[-MACHINE2],
 * which reads back as the same. */

#define PORT_MAP_TEXT_MAX 48 /* "tcp:255.255.255.255:10000-65534:10000-65534" and a NUL */
void port_map_format(const PortMap *p, char ret[PORT_MAP_TEXT_MAX]);

/* 0, -EINVAL (what is wrong with it, and what it takes) or -EAFNOSUPPORT (an IPv6 address). */
int port_map_parse(const char *text, PortMap *ret, Error **reterr);

/* The same without ADDR, for ports of the host's loopback that are offered inside. */
int host_port_parse(const char *text, PortMap *ret, Error **reterr);

/* "8080", "8000-8099": the host's ports, or the machine's. */
#define PORT_RANGE_TEXT_MAX 12
void port_range_format(uint16_t first, uint16_t count, char ret[PORT_RANGE_TEXT_MAX]);

/* "192.0.2.1", or "" for 0, which is every address; `address` in host byte order. */
#define PORT_ADDRESS_TEXT_MAX ADDRESS_TEXT_MAX
void port_address_format(uint32_t address, char ret[PORT_ADDRESS_TEXT_MAX]);

bool port_map_same(const PortMap *a, const PortMap *b);

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
