/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

/* Quotas by project, of ext4 and xfs that are mounted with prjquota (quotactl(2), quotactl_fd(): Linux 5.14): files bear a project's
 * number, and new ones take that of their directory. fd: any of the file system; O_PATH will do. Returns are 0 or -errno. */

/* Of a file or directory; 0: none. -EOPNOTSUPP on a file system that has none. */
int project_get(int fd, uint32_t *ret);

/* Give it to a regular file or a directory, for what is made in that, too. */
int project_set(int fd, uint32_t project);

/* Bytes; limit 0: none. -ESRCH: quotas by project are off. */
int project_quota_get(int fd, uint32_t project, uint64_t *ret_used, uint64_t *ret_limit);
int project_quota_set(int fd, uint32_t project, uint64_t limit);
