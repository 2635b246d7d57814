/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "disk.h"

/* What libblkid says of a disk's bytes; to be checked by whoever gets it. */

typedef struct ProbedPartition {
        uint32_t number;
        uint64_t offset, size; /* bytes */
        uint64_t flags;        /* GPT's attributes */
        uint8_t mbr_type;
        char type[DISK_TEXT_MAX], uuid[DISK_TEXT_MAX], label[DISK_TEXT_MAX];
        char fs[DISK_TEXT_MAX], fs_uuid[DISK_TEXT_MAX], fs_label[DISK_TEXT_MAX];
} ProbedPartition;

typedef struct ProbedDisk {
        DiskTable table;
        uint32_t sector_size;
        uint32_t n_partitions; /* a bare file system is one of number 0; 0: nothing is known in there */
        char table_uuid[DISK_TEXT_MAX];
} ProbedDisk;

#define PROBE_AMBIGUOUS "ambiguous" /* in place of a file system's name: there are marks of several */

/* Look at the bytes of `file` (readable), in a process that can do nothing but read them. *ret_partitions (DISK_PARTITIONS_MAX at most) is
 * the caller's. `path` is for messages. */
int disk_probe(int file, const char *path, ProbedDisk *ret, ProbedPartition **ret_partitions, Error **reterr);

/* What is made of that for a disk of which path and size are known (disk.c): all of it is checked, and decided. */
int disk_take_probed(Disk *d, const ProbedDisk *disk, const ProbedPartition *partitions, Error **reterr);
