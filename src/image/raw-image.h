/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "copy.h"

/* A disk image of a tree: a GPT, as the Discoverable Partitions Specification has it, whose one partition is the root of this architecture,
 * with a file system that the host's mkfs makes and the kernel fills. Whoever mounts partitions by their types boots it. */

typedef struct RawWish {
        const char *filesystem; /* "ext4", "btrfs", "xfs"; NULL: ext4 */
        uint64_t size;          /* of the disk, bytes; 0: what is needed, and a fifth of that, at least 64 MiB, as room */
        uint64_t bytes, files;  /* what the tree takes, as tree_size() has it */
        uid_t base;             /* whose ids the tree's are on disk: taken off */
        const char *label;      /* of partition and file system, cut to what fits, and '_' for all but letters, digits, ".-"; or NULL */
        const CopyWatch *watch; /* or NULL */
} RawWish;

/* Whether it is one that can be made: 0, or an Error that lists those. */
int raw_filesystem_check(const char *filesystem, Error **reterr);

/* The tree (any fd of it, read as copy_tree() does) into a regular file that is there, empty, O_RDWR: sparse, and on disk when it returns.
 * After a failure it is nothing. `path` is for messages. As root. -ECANCELED; -ENOSPC: the host's file system, or `size`, has no room for
 * it. The loop device that it is filled through goes with us, however we end. */
int raw_image_write(int tree, int file, const char *path, const RawWish *wish, Error **reterr);
