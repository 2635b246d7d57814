/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Remove `name`, a single component, in the directory `dir` with all that is in it. Links are removed, not followed; files in it that
 * cannot be changed (chattr(1)) are removed all the same; a mount point in it ends it
 * with -EXDEV, so that what is mounted there survives. Not being there is success. 0 or -errno. */
int remove_tree(int dir, const char *name);

/* What keeps a file or directory from being removed or changed, whoever set it: that it is immutable, or can only be added to
 * (chattr(1)). */
void remove_flags(int fd);
