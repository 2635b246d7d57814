/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "disk-probe.h"

/* The half of disk-probe.h that looks at the bytes, through libblkid: for the process that can do nothing else, and for tests of what can be in
 * them, which need no process. */

#define BLKID_LIBRARY "libblkid.so.1"

typedef struct Blkid Blkid;

/* The library, before rights are given up; free(3). -ELIBACC: it is not there. */
int blkid_load(Blkid **ret);

/* `file` is readable; `disk` is all zero, and there is room for DISK_PARTITIONS_MAX partitions, all zero, too. -errno as of Answer in disk-probe.c. */
int disk_probe_bytes(const Blkid *b, int file, ProbedDisk *disk, ProbedPartition *partitions);
