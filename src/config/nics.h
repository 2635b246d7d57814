/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"

/* Interfaces as text, and lists of them. */

/* KIND[:WHAT][,KEY=VALUE]…, as --network= takes it; nic_parse() reads it back as the same. */
#define NIC_TEXT_MAX 640
void nic_format(const NicConfig *nic, char ret[NIC_TEXT_MAX]);
int nic_parse(const char *text, NicConfig *ret, Error **reterr);

/* Whether an interface can be called that inside, in these words; bytes that the kernel takes in a name, and these words do not. */
#define NIC_NAME_NEVER "%*?[]!\"'\\$`;#=<>|&(){}~"
bool nic_name_is_valid(const char *name);

/* WHAT[,KEY=VALUE]… of a kind that is known already. */
int nic_parse_kind(NicKind kind, const char *text, NicConfig *ret, Error **reterr);

/* Whether text names an interface for nic_parse(), right or wrong, and no network of another sort ("host"). */
bool nic_text_has_kind(const char *text);

/* What may stand behind a comma for a kind, for completion: NULL behind the last. */
const char *nic_key(NicKind kind, size_t i);

/* An address of this family that the interface is given, or NULL. */
const NicAddress *nic_address(const NicConfig *nic, int family);

bool nic_list_has(const NicList *list, NicKind kind);

/* The first zone of them, or NULL. */
const char *nic_list_zone(const NicList *list);

/* What stands for a network, all in all: its first interface's kind, or what it is else. */
const char *network_word(NetworkKind network, const NicList *nics);

/* Add a copy. -EEXIST: it cannot be beside one of those that are there; -E2BIG. */
int nic_list_add(NicList *list, const NicConfig *nic, Error **reterr);
void nic_list_done(NicList *list);
int nic_list_copy(const NicList *from, NicList *to); /* 0 or -ENOMEM */

/* Give those names that have none: host0, host1, … for ends of veth pairs, mv-LINK and iv-LINK; a link that is given in keeps its own,
 * and so stays without. No two get the same. */
void nic_list_choose_names(NicList *list);
