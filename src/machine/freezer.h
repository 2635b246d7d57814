/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "error.h"
#include "machine.h"

/* A machine that stands still until somebody lets it go on, whoever that is, and however long it takes: `nbox freeze` and `nbox thaw`. (Held
 * for the time of a copy: freeze.h.)
 *
 * What is frozen is the machine's control group, by the kernel's own file and not by systemd's FreezeUnit(): systemd 257 refuses each job of a
 * unit that it has frozen itself, so that neither `machinectl terminate` nor the shutdown of the host would end it. Both are undone alike.
 *
 * It is the supervisor who does it, where there is one: so copies, the machine's end and two who freeze it do not meet, and it makes no
 * difference whether who asked for it is killed. It thaws the machine before it ends it. A machine that its supervisor has left is swept,
 * frozen or not. */

#define FREEZER_WAIT_USEC (10 * UINT64_C(1000000)) /* for all processes to stand still */

/* 1: it was so already. -EBUSY: it is being copied, or ends; -ETIMEDOUT: it cannot be frozen, for a process of its own waits in the kernel:
 * then it goes on. */
int freezer_freeze(const Machine *m, Error **reterr);

/* Whoever froze it. -EBUSY: it is being copied, or stands still with a group above its own that is not its alone. */
int freezer_thaw(const Machine *m, Error **reterr);

/* -EAGAIN for a machine that is frozen, with an Error that says so: for who would wait for it in vain. One that is held still for a copy goes
 * on by itself, and is waited for. */
int freezer_check(const Machine *m, Error **reterr);

/* In the kernel: its group, and the slice above where that is its own. Returns whether it stood still. */
bool freezer_let_go(const char *machine, const char *cgroup);
