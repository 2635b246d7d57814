/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* Opening what a guest has made, to read it: each entry beneath its directory by fd, without following anything; what it is, is known by
 * that fd, before anything but a place is opened, so that no fifo is waited for and no device is woken. Returns are fds, the caller's, 0
 * or -errno. */

/* Mode, owner, times, birth and what it is, of this very fd. */
int source_look(int fd, struct statx *ret);

/* O_PATH. -ENOENT: it has vanished meanwhile. -EXDEV: something is mounted there, unless the caller wants that. */
int source_open_entry(int dir, const char *name, bool into_mounts);

/* A regular file or a directory, by such an fd, leaving no trace (O_NOATIME) where we may. flags: O_DIRECTORY or 0. */
int source_open_to_read(int fd, int flags);

/* The tree as it is without what is mounted in it, in which no device can be opened. Where there is no such (a mount of another namespace,
 * or submounts that are locked in a user namespace), the tree itself. O_PATH. */
int source_bare_view(int tree);
