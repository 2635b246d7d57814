/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "name.h"

/* The host's ends of a machine's veth pairs: how they are called, and what their alias tells of their owner. `number` is that of the
 * machine's interface, from 0. */

/* Interface names hold 15 bytes, machine names 64: the name is "nb-" and a hash. */
void machine_link_name(const char *machine, unsigned number, char ret[IF_NAMESIZE]);

/* What people call it: "nbox-MACHINE", "nbox-MACHINE_1" … (no machine's name has a "_"). */
#ifndef ALTIFNAMSIZ
#define ALTIFNAMSIZ 128
#endif
void machine_link_altname(const char *machine, unsigned number, char ret[ALTIFNAMSIZ]);

/* What the alias says. */
typedef struct MachineLink {
        char machine[MACHINE_NAME_MAX + 1];
        uint32_t address; /* the machine's, host byte order */
        uint8_t mac[6];   /* of the machine's end; all zero in links of an older nbox */
} MachineLink;

void machine_link_alias(const MachineLink *link, char ret[LINK_ALIAS_MAX]);

/* The alias of a link that is in no zone: an older nbox takes it for nobody's, and leaves it to go with the machine's namespace. */
void machine_link_alias_unzoned(const char *machine, char ret[LINK_ALIAS_MAX]);

/* Whose end of a pair it is, in a zone or not. False when the link is none of ours. */
bool machine_link_owner(const LinkInfo *link, char ret[MACHINE_NAME_MAX + 1]);

/* The same for one in a zone. */
bool machine_link_parse(const LinkInfo *link, MachineLink *ret);

/* Whether the machine has its first link: it lives and is on a network, or somebody still holds its namespace. An error is a
 * yes. */
bool machine_link_exists(Netlink *nl, const char *machine);
