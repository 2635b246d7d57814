/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

/* btrfs subvolumes, by ioctl (btrfs-ioctl(2)). */

/* Whether the directory is the root of a subvolume. */
bool btrfs_is_subvolume(int fd);

/* Make `name` in the directory dir a snapshot of the subvolume; -EOPNOTSUPP (-EXDEV) where it cannot be one. */
int btrfs_snapshot(int subvolume, int dir, const char *name, bool read_only);
int btrfs_create(int dir, const char *name);

/* With the subvolumes in it. */
int btrfs_remove(int dir, const char *name);

int btrfs_set_read_only(int subvolume, bool on);
