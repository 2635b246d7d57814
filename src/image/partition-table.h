/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Partition tables that change with the size of their disk's file, through libfdisk, which is opened when it is needed. */

typedef struct PartitionPlace {
        unsigned number;      /* in the table, from 1 on */
        uint32_t sector_size; /* bytes; 0: 512 */
} PartitionPlace;

/* The file (O_RDWR) is as large as it shall be: give the partition, the last on the disk, all that is behind it, and the table the disk's
 * new end. Killed at any moment, one of its two copies is valid, and says either where the partition ended or where it ends now. */
int partition_grow(int file, const char *path, const PartitionPlace *place, Error **reterr);

/* How large the last partition, that begins at `offset`, can be on a disk of `disk` bytes; with what a GPT needs behind it. All in
 * bytes. */
uint64_t partition_size_on(uint64_t disk, uint64_t offset, uint32_t sector_size);

/* Cut the partition to `size` bytes, and the file to `disk`. Not for a file that must not be lost: killed in between, it has no table. */
int partition_cut(int file, const char *path, const PartitionPlace *place, uint64_t size, uint64_t disk, Error **reterr);

typedef struct PartitionNew {
        const char *type; /* a GPT type's UUID */
        const char *name; /* or NULL */
        bool grow;        /* its file system may become as large as it is (Discoverable Partitions: growfs) */
} PartitionNew;

/* A new GPT on an empty file (O_RDWR) of the size that the disk has, with one partition that takes all of it, and identifiers that nothing
 * else has. *ret_offset, *ret_size: where it lies, in bytes. */
int partition_table_new(int file, const char *path, const PartitionNew *wish, uint64_t *ret_offset, uint64_t *ret_size, Error **reterr);
