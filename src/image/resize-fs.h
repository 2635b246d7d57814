/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* File systems that change their size. Names are libblkid's. */

/* 0 when nbox can do it with that kind, or an Error that says what else there is. `path`: the image, for messages. */
int fs_resize_check(const char *fs, bool shrink, const char *path, Error **reterr);

/* A mounted one (any directory of it, not O_PATH) grows to `size` bytes, or btrfs shrinks: by the kernel, which keeps it whole whenever
 * it is interrupted. 1: ext4 for which it wants a capability that we lack (CAP_SYS_RESOURCE), or that it cannot do. */
int fs_resize_mounted(int directory, const char *fs, uint64_t size, const char *path, Error **reterr);

/* ext4 on a block device, not mounted: checked, and made `size` bytes large, by e2fsck(8) and resize2fs(8) of the host. Whoever is killed
 * meanwhile leaves it broken: for copies. */
int fs_resize_ext4(int device, uint64_t size, const char *path, Error **reterr);
