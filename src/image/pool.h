/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "usage.h"

/* The directory that images are made in, as a whole: machinectl(1) calls it the pool. It has a limit where it is a subvolume of btrfs; of
 * others a file system of its own is the limit. */

#define POOL_DIRECTORY IMAGE_DIRECTORY

typedef struct PoolUsage {
        uint64_t usage, limit; /* bytes; USAGE_UNKNOWN: not known, none */
} PoolUsage;

/* What quotas know. A pool that is not there yet has neither. */
int pool_usage(PoolUsage *ret, Error **reterr);

/* QUOTA_NONE takes the limit away. -EOPNOTSUPP with what is to be done where it can have none. */
int pool_set_limit(uint64_t bytes, Error **reterr);
