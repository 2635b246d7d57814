/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Quotas of btrfs's subvolumes: each has a group of its own (btrfs-qgroup(8)). Any fd of the subvolume. 0 or -errno. */

typedef struct BtrfsQuota {
        uint64_t referenced; /* bytes that it consists of */
        uint64_t exclusive;  /* of these, what no other subvolume has, too */
        uint64_t limit;      /* of what is referenced; UINT64_MAX: none */
} BtrfsQuota;

/* -ENOENT: quotas are off. */
int btrfs_quota_get(int subvolume, BtrfsQuota *ret);

/* UINT64_MAX: none. Quotas are switched on where they are off, for the whole file system, which then counts what there is; *ret_enabled. */
int btrfs_quota_set(int subvolume, uint64_t limit, bool *ret_enabled);
