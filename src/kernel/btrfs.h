/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* btrfs subvolumes, by ioctl (linux/btrfs.h). Directories are given by any fd, O_PATH ones too; names are single components. Returns are 0
 * or -errno: -EOPNOTSUPP where it is not btrfs or not a subvolume. As root. */

/* Whether the directory is the root of a subvolume. */
bool btrfs_is_subvolume(int fd);

/* Make `name` in the directory dir a snapshot of the subvolume: all of it at one moment, whoever writes to it; then the subvolumes in it,
 * each at a moment of its own. -EXDEV: another file system; -EEXIST. After a failure nothing is left. */
int btrfs_snapshot(int subvolume, int dir, const char *name, bool read_only);
int btrfs_create(int dir, const char *name);

/* With the subvolumes in it, read-only or not: root inside may have made some. */
int btrfs_remove(int dir, const char *name);

int btrfs_set_read_only(int subvolume, bool on);
bool btrfs_is_read_only(int subvolume);
