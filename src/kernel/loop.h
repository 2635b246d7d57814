/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Loop devices (loop(4)): one for each partition of a file, by offset and size, so that no partition nodes are needed. All are autoclear: the kernel
 * frees them when the last user, a mount or an fd, is gone, whoever is killed. */

typedef struct LoopRange {
        uint64_t offset, size; /* bytes; size 0: to the end */
        bool read_only;
        uint32_t sector_size;  /* 0: 512 */
} LoopRange;

/* LOOP_CONFIGURE (Linux 5.8) on a free device. Where /dev has no node for it, one is made in a private place. An fd of the block device, or -errno. -ENODEV: no loop
 * devices on this host. */
int loop_new(int file, const LoopRange *range);
