/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "btrfs-quota.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fd.h"

static int subvolume_id(int fd, uint64_t *ret) {
        struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };

        if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
                return -errno;
        *ret = args.treeid;
        return 0;
}

/* The item of that type for a group in the tree of quotas: -ENODATA where there is none, -ENOENT where there is no such tree. */
static int get_item(int fd, uint32_t type, uint64_t group, void *ret, size_t size) {
        struct btrfs_ioctl_search_args args = {
                .key = {
                        .tree_id = BTRFS_QUOTA_TREE_OBJECTID,
                        .min_type = type, .max_type = type,
                        .min_offset = group, .max_offset = group,
                        .max_transid = UINT64_MAX,
                        .nr_items = 1,
                },
        };
        struct btrfs_ioctl_search_header header;

        if (ioctl(fd, BTRFS_IOC_TREE_SEARCH, &args) < 0)
                return -errno;
        if (args.key.nr_items == 0)
                return -ENODATA;
        memcpy(&header, args.buf, sizeof(header));
        if (header.type != type || header.offset != group || header.len < size)
                return -ENODATA;
        memcpy(ret, args.buf + sizeof(header), size);
        return 0;
}

int btrfs_quota_get(int subvolume, BtrfsQuota *ret) {
        _cleanup_close_ int fd = fd_reopen(subvolume, O_RDONLY | O_DIRECTORY);
        struct btrfs_qgroup_limit_item limit = {};
        struct btrfs_qgroup_info_item info;
        uint64_t id;
        int r = fd < 0 ? fd : subvolume_id(fd, &id);

        if (r >= 0)
                r = get_item(fd, BTRFS_QGROUP_INFO_KEY, id, &info, sizeof(info));
        if (r < 0)
                return r;
        r = get_item(fd, BTRFS_QGROUP_LIMIT_KEY, id, &limit, sizeof(limit));
        if (r < 0 && r != -ENODATA)
                return r;
        *ret = (BtrfsQuota){
                .referenced = le64toh(info.rfer),
                .exclusive = le64toh(info.excl),
                .limit = le64toh(limit.flags) & BTRFS_QGROUP_LIMIT_MAX_RFER ? le64toh(limit.max_rfer) : UINT64_MAX,
        };
        return 0;
}

static int set_limit(int fd, uint64_t limit) {
        struct btrfs_ioctl_qgroup_limit_args args = { .lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = limit } };

        return ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) < 0 ? -errno : 0;
}

int btrfs_quota_set(int subvolume, uint64_t limit, bool *ret_enabled) {
        struct btrfs_ioctl_quota_ctl_args control = { .cmd = BTRFS_QUOTA_CTL_ENABLE };
        _cleanup_close_ int fd = fd_reopen(subvolume, O_RDONLY | O_DIRECTORY);
        int r = fd < 0 ? fd : set_limit(fd, limit);

        *ret_enabled = false;
        if (r != -ENOTCONN && r != -EINVAL && r != -ENOENT) /* off, as kernels say it */
                return r;
        if (limit == UINT64_MAX)
                return 0;
        if (ioctl(fd, BTRFS_IOC_QUOTA_CTL, &control) < 0)
                return -errno;
        *ret_enabled = true;
        return set_limit(fd, limit);
}
