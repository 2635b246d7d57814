/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "usage.h"

/* How much an image may take: by the quota of its subvolume on btrfs, by one of a project of its own on ext4 and xfs. On layers it is for
 * the image's own ones from the moment on at which it is set, and what is sealed of them counts on. */

#define QUOTA_NONE USAGE_UNKNOWN

/* The image must be locked. QUOTA_NONE takes the limit away. -EOPNOTSUPP with what is to be done where the file system keeps no such
 * quotas. */
int quota_set_limit(const Image *image, uint64_t bytes, Error **reterr);

/* What quotas know: sets u->limit, and returns 1 where sizes are set, too. */
int quota_usage(const Image *image, ImageUsage *u);

/* A layer that is to be on top of the tree `below` of the same image counts for the same limit, or a subvolume in a layer that is to take
 * the place of the subvolume `below`. 0 also where there is none. */
int quota_follow(int below, int layer);
