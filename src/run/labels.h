/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "machine-plan.h"
#include "relabel.h"
#include "task-label.h"

/* The labels of one machine. SELinux: the types are the policy's (label.h), the categories the machine's own, chosen once and kept
 * (identity.h), so that two machines are as far from each other as each is from the host. AppArmor: a profile that the administrator
 * has written and loaded, by its name. */

/* Decide: what is asked for by hand or is required, and cannot be had, is an error. Of categories the machine has those that it
 * keeps already, if any; needs no root. */
int labels_plan(const MachineConfig *c, bool read_only, PlanLabels *ret, Error **reterr);
void labels_done(PlanLabels *l);

/* Give the machine categories of its own, if it has none yet: its name must be claimed. */
int labels_claim(const char *machine, PlanLabels *l, Error **reterr);

/* Label the tree (any fd of its root) where it is not yet; may take long, `watch` can end it (-ECANCELED). */
int labels_give_tree(const MachinePlan *p, int root, const RelabelWatch *watch, Error **reterr);

static inline TaskLabels labels_of_task(const PlanLabels *l) {
        return (TaskLabels){ .selinux = l->process, .apparmor = l->apparmor };
}
