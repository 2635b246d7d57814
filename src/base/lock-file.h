/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* Lock files as systemd takes them (systemd 252, watched with strace): whole-file open-file-description locks (F_OFD_SETLK), for
 * writing, or for reading where what they stand for is shared. The holder removes the file *before* it closes it; so who gets a
 * lock looks whether the file still has a name, and begins again when not. The directory is root's (CVE-2015-1331). */

/* Take it without waiting; the file is made where it is not there. A CLOEXEC fd that holds the lock, -EBUSY when somebody has it, or
 * another -errno. The lock lives as long as the fd, and what was forked with it and has not exec'ed. */
int lock_file_take(int dir, const char *name, bool shared);

/* Whether anybody holds it, for writing or reading: only asked, and not taken, not even for a moment. */
bool lock_file_is_held(int dir, const char *name);

/* The only holder from now on: 0, or -EBUSY. */
int lock_file_make_exclusive(int fd);

/* Remove a file that a dead holder left; whoever holds it now keeps it. Returns 0 also when there is nothing to do. */
int lock_file_sweep(int dir, const char *name);
