/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resize-fs.h"

/* What the tools do to a mounted file system is one ioctl each, so no tool is needed for these: ext4's resize2fs(8), btrfs-filesystem(8)
 * resize and xfs_growfs(8) call the same (ext4: Linux 3.3; btrfs and xfs: ever since). Nothing but a size is told, so nothing of the image
 * is read here. */

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "process.h"

/* Not in the kernel's public headers: fs/ext4/ext4.h and fs/xfs/libxfs/xfs_fs.h. */
#define EXT4_RESIZE _IOW('f', 16, uint64_t)

typedef struct XfsGeometry {
        uint32_t block_size, realtime_extent, group_blocks, groups, log_blocks, sector_size, inode_size, inodes_percent;
        uint64_t data_blocks, realtime_blocks, realtime_extents, log_start;
        uint8_t uuid[16];
        uint32_t stripe_unit, stripe_width;
        int32_t version;
        uint32_t flags, log_sector_size, realtime_sector_size, directory_block_size;
} XfsGeometry;

typedef struct XfsGrow {
        uint64_t blocks;
        uint32_t inodes_percent;
} XfsGrow;

#define XFS_GEOMETRY _IOR('X', 100, XfsGeometry)
#define XFS_GROW _IOW('X', 110, XfsGrow)

/* e2fsck(8), "EXIT CODE" */
#define E2FSCK_CORRECTED 1

int fs_resize_check(const char *fs, bool shrink, const char *path, Error **reterr) {
        static const char *const fixed[] = { "squashfs", "erofs", "iso9660", NULL };
        static const char *const growing[] = { "ext4", "btrfs", "xfs", NULL };

        for (size_t i = 0; fixed[i]; i++)
                if (strcmp(fs, fixed[i]) == 0) {
                        error_set(reterr, EOPNOTSUPP, "%s holds a %s file system, which is made for reading: its size cannot change", path,
                                  fs);
                        return error_hint(reterr, -EOPNOTSUPP, "Make a larger one of its tree: mkfs.ext4 -d DIR FILE SIZE.");
                }
        if (shrink && strcmp(fs, "xfs") == 0) {
                error_set(reterr, EOPNOTSUPP, "%s holds an xfs file system, which can grow but not shrink", path);
                return error_hint(reterr, -EOPNOTSUPP, "Make a smaller image, and copy what is in this one.");
        }
        for (size_t i = 0; growing[i]; i++)
                if (strcmp(fs, growing[i]) == 0)
                        return 0;
        error_set(reterr, EOPNOTSUPP, "%s holds %s%s, whose size nbox cannot change", path, *fs ? fs : "nothing",
                  *fs ? "" : " that is known");
        return error_hint(reterr, -EOPNOTSUPP, "It can that of ext4, btrfs and xfs.");
}

static int grow_xfs(int directory, uint64_t size) {
        XfsGeometry g;
        XfsGrow grow;

        if (ioctl(directory, XFS_GEOMETRY, &g) < 0)
                return -errno;
        if (g.block_size == 0)
                return -EBADMSG;
        grow = (XfsGrow){ .blocks = size / g.block_size, .inodes_percent = g.inodes_percent };
        if (grow.blocks <= g.data_blocks)
                return 0;
        return ioctl(directory, XFS_GROW, &grow) < 0 ? -errno : 0;
}

static int resize_btrfs(int directory, uint64_t size) {
        struct btrfs_ioctl_vol_args args = {};

        snprintf(args.name, sizeof(args.name), "1:%llu", (unsigned long long) size);
        return ioctl(directory, BTRFS_IOC_RESIZE, &args) < 0 ? -errno : 0;
}

static int grow_ext4(int directory, uint64_t size) {
        struct statfs fs;
        uint64_t blocks;

        if (fstatfs(directory, &fs) < 0)
                return -errno;
        if (fs.f_bsize <= 0)
                return -EBADMSG;
        blocks = size / (uint64_t) fs.f_bsize;
        return ioctl(directory, EXT4_RESIZE, &blocks) < 0 ? -errno : 0;
}

int fs_resize_mounted(int directory, const char *fs, uint64_t size, const char *path, Error **reterr) {
        int r;

        if (strcmp(fs, "ext4") == 0)
                r = grow_ext4(directory, size);
        else if (strcmp(fs, "btrfs") == 0)
                r = resize_btrfs(directory, size);
        else
                r = grow_xfs(directory, size);
        if (r == -ENOSPC && strcmp(fs, "btrfs") == 0)
                return error_set(reterr, r, "What is in %s needs more room than that", path);
        if (strcmp(fs, "ext4") == 0 && (r == -EPERM || r == -EOPNOTSUPP))
                return 1;
        return r < 0 ? error_errno(reterr, r, "Cannot change the size of the %s file system in %s", fs, path) : 0;
}

static int run(char *const *argv, const char *path, int accepted, Error **reterr) {
        _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        int r = process_run(argv, null, null, reterr);

        if (r == -ENOENT)
                return error_hint(reterr, r, "Install e2fsprogs.");
        if (r < 0 || r <= accepted)
                return r < 0 ? r : 0;
        error_set(reterr, EIO, "%s ends with status %d for %s", argv[0], r, path);
        return error_hint(reterr, -EIO, strcmp(argv[0], "resize2fs") == 0 ?
                          "For ext4 that is mostly too little room: what is in it stays." :
                          "It is damaged: `e2fsck -f` asks about what can be mended.");
}

int fs_resize_ext4(int device, uint64_t size, const char *path, Error **reterr) {
        _cleanup_close_ int passed = dup(device); /* without CLOEXEC: theirs, too */
        char node[64], kib[32];
        int r;

        if (passed < 0)
                return error_errno(reterr, errno, "Cannot hand %s to e2fsck", path);
        snprintf(node, sizeof(node), "/proc/self/fd/%d", passed);
        snprintf(kib, sizeof(kib), "%lluK", (unsigned long long) (size / 1024));
        r = run((char *[]){ (char *) "e2fsck", (char *) "-f", (char *) "-p", node, NULL }, path, E2FSCK_CORRECTED, reterr);
        if (r >= 0)
                r = run((char *[]){ (char *) "resize2fs", node, kib, NULL }, path, 0, reterr);
        return r;
}
