/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "guest.h"
#include "init.h"
#include "record.h"

/* Looking at a machine's init: as a file of the tree before it runs, and as a process. */

/* What the file is that a boot of this tree would execute; INIT_OTHER also where it cannot be read. For a tree that does not run: a guest's
 * own file system could make the reader wait for ever. */
InitKind init_kind_in_tree(int root, const char *path);

InitKnown init_known_of(const MachineRecord *r);

/* By its process alone, which is safe at any time: /proc/PID/exe, argv[0], comm. */
InitKind init_identify(const Guest *g, InitKnown known);

/* The same for a machine, as well as the caller may know: only root may look at the process, others believe the record. */
InitKind init_of_record(const MachineRecord *r, int leader_fd);

/* Whether a shutdown is at its end already. */
bool init_is_going_down(const Guest *g);

/* Whether init would act on the signal just now: it has a handler, or holds it back to read it later, or waits for it in
 * rt_sigtimedwait(2). Before that it is lost. */
bool init_can_take(const Guest *g, int sig);

/* Whether what this kind must have ready to be asked is there. Looks into the machine's tree, whose file systems may be the guest's own:
 * not for who must not wait. */
bool init_is_ready(const Guest *g, InitKind kind);
