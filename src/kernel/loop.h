/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Loop devices (loop(4)): one for each partition of a file, by offset and size, so that no partition nodes are needed. All are
 * autoclear: the kernel frees them when the last user, a mount or an fd, is gone, whoever is killed. */

typedef struct LoopRange {
        uint64_t offset, size; /* bytes, multiples of 512; size 0: to the end */
        bool read_only;
        uint32_t sector_size;  /* 0: 512 */
} LoopRange;

/* LOOP_CONFIGURE (Linux 5.8) on a free device; `file` is open for what it is to do. An fd of the block device, or -errno. -ENODEV: no
 * loop devices on this host. */
int loop_new(int file, const LoopRange *range);

/* A directory, on a file system of its own that is attached nowhere, in which BLOCK_NODE is a node of this block device that belongs to
 * `owner`: for whoever must open the device by a path, and is allowed nothing else. An fd, or -errno. Needs CAP_MKNOD. */
#define BLOCK_NODE "disk"
int block_node_new(dev_t device, uid_t owner);

/* A path that leads to the block device that is open as fd: its own name in /dev where it has one there, else by way of /proc. */
#define BLOCK_PATH_MAX 64
void block_path(int fd, char ret[BLOCK_PATH_MAX]);

/* Which loop device has this file, but for those that only read it where we only do, too: its number with 1, or 0. Those that a dead
 * machine had are there for a moment more. */
int loop_user(int file, bool read_only, int *ret);
