/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "name.h"

/* The host's end of a machine's veth pair: how it is called, and what its alias tells of its owner. */

/* Interface names hold 15 bytes, machine names 64: the name is a hash, the altname is "nbox-MACHINE". */
void machine_link_name(const char *machine, char ret[IF_NAMESIZE]);

void machine_link_alias(const char *machine, struct in_addr address, char ret[LINK_ALIAS_MAX]);

/* Whose a link is, and the machine's address in host byte order; false when it is none of ours. */
bool machine_of_link(const LinkInfo *link, char ret_machine[MACHINE_NAME_MAX + 1], uint32_t *ret_address);

/* Whether the machine has its link: it lives and is on a network, or somebody still holds its namespace. An error is a
 * yes. */
bool machine_link_exists(Netlink *nl, const char *machine);
