/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The files by which a controller bounds a group (Linux's cgroup-v2.rst), for hosts where nobody does it for us. Paths are as in cgroup.h. */

/* Have a controller ("memory") in the groups just below `path`, for which it must be in all above. -ENOENT: it is not there; -EBUSY:
 * the group, or one above it, has processes of its own, and so can hand nothing down. What was switched on above stays so: others may use
 * it by now. */
int cgroup_enable(const char *path, const char *controller);

/* Write a value as the kernel wants it. */
int cgroup_put(const char *path, const char *file, const char *value);

/* io.max: a limit of one key ("rbps", "wbps", "riops", "wiops") for a device; UINT64_MAX takes it away. */
int cgroup_put_io(const char *path, dev_t device, const char *key, uint64_t value);

/* Take away what io.max has of that key, of all devices. */
int cgroup_clear_io(const char *path, const char *key);

/* The whole disk that a block device, or the file system of a file, is on. -ENODEV: on none that the kernel has a number for. */
int block_device_of(const char *path, dev_t *ret);
