/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is being made in a directory of images has a hidden name there, .#nbox-NAME.tmp, until it is whole. Its maker holds an flock on it:
 * one without a holder is known for a dead maker's, and removed by whoever makes the next, or by gc. A directory, a subvolume, a file, or
 * a link, which nobody can hold. */

/* That name; the caller's, NULL on out of memory. */
char *unfinished_name(const char *name);

/* Lock it: an fd, the caller's. -EBUSY: somebody else has it. -ENOENT: it was swept before we had the lock. */
int unfinished_lock(int parent, const char *unfinished);

/* Remove it; the lock is the caller's. What goes wrong is said, ignoring it. */
void unfinished_remove(int parent, const char *unfinished);

/* Remove what dead makers left in a directory. Returns how many, or -errno; no directory is none. */
int unfinished_sweep(const char *directory);
