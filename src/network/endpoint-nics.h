/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "endpoint.h"

/* Interfaces in a machine's file that come and go while it runs. */

void nic_changes_done(NicChanges *c);
bool nic_changes_any(const NicChanges *c);
int nic_changes_copy(const NicChanges *from, NicChanges *to); /* 0 or -ENOMEM */

/* An interface (with its name inside) was added, or one of that name removed. 0 or -errno. */
int nic_changes_add(NicChanges *c, const NicConfig *nic, Error **reterr);
int nic_changes_remove(NicChanges *c, const char *name, const char *link); /* link: endpoint_unnamed_link() */

/* What an interface of the host's that keeps its name inside is asked for by in a configuration, where it has no name then: that, or an
 * altname. "" for every other one. */
void endpoint_unnamed_link(const Endpoint *e, const char *name, char ret[LINK_NAME_MAX + 1]);

/* Do it again to what the configuration says by now, whose interfaces have their names. What contradicts it is left out with a
 * warning. 0 or -ENOMEM. */
int nic_changes_apply(const NicChanges *c, const char *machine, NicList *nics);

/* Forget of what was added all that is not among them: it was left out. */
void nic_changes_keep(NicChanges *c, const NicList *nics);

/* Lines of the file. parse: 1 where it was one of these, 0 where not; -EBADMSG or -ENOMEM. */
int endpoint_parse_nic_change(Endpoint *e, const char *key, const char *value);
void endpoint_print_nic_changes(const Endpoint *e, FILE *f);

/* By its name inside; e->n_nics, e->n_links where there is none. */
size_t endpoint_find_nic(const Endpoint *e, const char *name);
size_t endpoint_find_link(const Endpoint *e, const char *name);
void endpoint_drop_nic(Endpoint *e, size_t i);
void endpoint_drop_link(Endpoint *e, size_t i);

/* The lowest number that none of its interfaces in zones has (EndpointNic.number). */
unsigned endpoint_free_nic_number(const Endpoint *e);
