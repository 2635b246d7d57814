/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-plan.h"

/* --link-journal=: a machine's journal seen from the host, in systemd-nspawn(1)'s ways and by its defaults. Below /var/log/journal of the host
 * either a directory of the machine's id is mounted into it (host), or a link of that name leads into its tree (guest). What stands there then
 * is the machine's word, for whoever reads it on the host. */

/* Decides: p->link_journal is NO, HOST or GUEST then, and HOST has its mount in the plan. Its id and its tree are known. Whoever did not insist
 * (try-, auto) goes without where it cannot be. */
int link_journal_plan(MachinePlan *p, LinkJournalMode wish, Error **reterr);

/* What must be there on the host; by who holds the name and knows the ids. */
int link_journal_prepare(const MachinePlan *p, Error **reterr);

/* And in the tree, with the guest root's file-system ids. A tree that cannot have it goes without. */
void link_journal_make_directory(const MachinePlan *p, int root);
