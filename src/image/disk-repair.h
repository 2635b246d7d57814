/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "disk.h"

/* What a file system's superblock says, that matters before it is mounted. */

typedef struct DiskState {
        bool dirty; /* it was not unmounted, or has errors */
} DiskState;

/* By the superblock of partition p, which libblkid has named: 0, or -EMEDIUMTYPE for one that would have the kernel open other block
 * devices, which are the host's. */
int disk_state_read(const Disk *d, const DiskPartition *p, DiskState *ret, Error **reterr);

/* Mend what e2fsck mends without asking; `device` is the block device of p, its path for e2fsck made for that. Nothing is done for file
 * systems whose journal the kernel replays. 0, or -EUCLEAN: it is damaged beyond that. */
int disk_repair(const Disk *d, const DiskPartition *p, int device, Error **reterr);
