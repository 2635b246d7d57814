/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "config.h"
#include "error.h"

/* A machine that runs out of memory.
 *
 * What is to be done when the kernel has killed a process of it for want of memory (OomPolicy) stands in the kernel, on the machine's own
 * group, where nobody inside gets at it: that all are killed together as memory.oom.group, that it is to be powered off as a word that its
 * supervisor reads at that moment. So it can be changed while the machine runs, and goes with the group. A guest that sets limits inside
 * and runs into them is not meant by it: that is the guest's own affair.
 *
 * `group` is the one that was handed over to the guest, as the record has it. Its own group is the slice above it, where that is the
 * machine's alone; else it is that group itself. */

/* Asprintf'd, the caller's; NULL on out of memory. */
char *oom_own_group(const char *group);

/* OOM_POLICY_UNSET is as OOM_POLICY_CONTINUE. -ENOENT: there is no memory controller, with an Error that says so. */
int oom_policy_apply(const char *group, OomPolicy policy, Error **reterr);

/* What is in force. -ENOENT: no memory controller. */
int oom_policy_in_force(const char *group, OomPolicy *ret);

/* Why it was that a process was killed. */
typedef enum OomCause {
        OOM_CAUSE_HOST,   /* no limit of the machine's was reached: the host, or a slice above it, had none left */
        OOM_CAUSE_LIMIT,  /* the machine's */
        OOM_CAUSE_INSIDE, /* a limit that the guest has set */
        _OOM_CAUSES,
} OomCause;

const char *oom_cause_word(OomCause cause); /* "host": for programs */
OomCause oom_cause_from_word(const char *word); /* of one that is not known: OOM_CAUSE_HOST */

/* For people, in brackets: "limit 60.0 MiB". limit: bytes, or UINT64_MAX. Returns buf. */
#define OOM_CAUSE_TEXT_MAX 80
const char *oom_cause_text(OomCause cause, uint64_t limit, char buf[OOM_CAUSE_TEXT_MAX]);
