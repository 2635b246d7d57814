/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "binds.h"
#include "record.h"

/* What was bound into a machine while it ran, in a file beside its record, for the list and for its next life. A line each:
 *
 *     adding|added|removing MOUNT-ID MAJOR:MINOR HELPER HELPER-START BIND
 *
 * with BIND as bind_format() has it; other lines are passed over. A line is written before its mount is made, and again before it is taken
 * away: whatever is killed in between, the kernel's list of mounts tells how it came out (bind_list_settle()). */

/* dir: of the machine's record. No file is no binds. */
int bind_changes_load(int dir, BindList *ret, Error **reterr);

/* The same of a machine by its name; without a directory of its record, too. */
int bind_changes_of(const char *machine, BindList *ret, Error **reterr);

/* With the lock held. */
int bind_changes_save(int dir, const BindList *list, Error **reterr);

/* A new start of the name begins without. */
void bind_changes_forget(int dir);

/* The directory of a machine that runs, and a lock for who changes the file: an fd each, the caller's. Who does not wait, as a supervisor, who
 * cannot let somebody's stopped command hold him up, gets -1 for a lock that another has. */
int bind_changes_open(const char *machine, bool wait, int *ret_lock, Error **reterr);

/* Append those of the file to the binds that a record names. 0 or -ENOMEM; a damaged file changes nothing. */
int bind_changes_take(MachineRecord *r);
