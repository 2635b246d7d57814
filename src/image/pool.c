/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <fcntl.h>

#include "btrfs.h"
#include "btrfs-quota.h"
#include "log.h"

static int open_pool(void) {
        int fd = open(POOL_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int pool_usage(PoolUsage *ret, Error **reterr) {
        _cleanup_close_ int fd = open_pool();
        BtrfsQuota quota;

        *ret = (PoolUsage){ USAGE_UNKNOWN, USAGE_UNKNOWN };
        if (fd < 0 && fd != -ENOENT && fd != -EACCES)
                return error_errno(reterr, fd, "Cannot look at %s", POOL_DIRECTORY);
        if (fd >= 0 && btrfs_is_subvolume(fd) && btrfs_quota_get(fd, &quota) >= 0)
                *ret = (PoolUsage){ quota.referenced, quota.limit };
        return 0;
}

int pool_set_limit(uint64_t bytes, Error **reterr) {
        _cleanup_close_ int fd = open_pool();
        bool enabled;
        int r;

        if (fd < 0)
                return error_errno(reterr, fd, "Cannot look at %s", POOL_DIRECTORY);
        if (!btrfs_is_subvolume(fd)) {
                error_set(reterr, EOPNOTSUPP, "A limit of all images together is one of a btrfs subvolume, which %s is not", POOL_DIRECTORY);
                return error_hint(reterr, -EOPNOTSUPP, "`nbox set-limit NAME SIZE` limits one image. For all of them together, give %s a file system of "
                                  "its own.", POOL_DIRECTORY);
        }
        r = btrfs_quota_set(fd, bytes, &enabled);
        if (r < 0)
                return error_errno(reterr, r, "Cannot set the limit of %s", POOL_DIRECTORY);
        if (enabled)
                log_info("Quotas of the file system of %s were off, and are on now; it takes a while until all is counted", POOL_DIRECTORY);
        return 0;
}
