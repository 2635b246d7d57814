/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "identity.h"
#include "machine-plan.h"

/* Which ids a machine has, and what becomes of its tree's files for that.
 *
 * A tree's files belong to root, or to a range that somebody has chowned them to (systemd-nspawn -U, or we): the owner of its top
 * directory tells, a multiple of 65,536 (disk_base). A range that is not the machine's is mapped to it by the mount, on whatever side of it
 * the difference lies; so a copy of such a tree, too, gets ids that are nobody else's, and nothing on the disk changes. Only
 * --private-users-ownership=chown changes it. */

/* What is wanted; where the range is to be chosen (pick_ids), uid_base is chosen by
 * plan_choose_ids(), later and under a lock; at once for a plan that is only shown. `look` is the tree as the machine will see it, `tree`
 * the image's fd. */
int plan_ids(MachinePlan *p, const MachineConfig *c, int look, int tree, Error **reterr);

/* Choose the range of a machine that picks: the tree's own, or what it has kept, or a new one; none of `not_these`. Changes
 * nothing on the host; what is chosen is ours only by ids_claim() (id-claim.h). 0 or -errno. */
int plan_choose_ids(MachinePlan *p, int tree, const UidRange *not_these, size_t n, Error **reterr);
