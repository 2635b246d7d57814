/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop.h"

/* In a container, /dev is no devtmpfs: it may have a node for some of the loop devices, for none, or for the control device alone. So
 * a device is opened by number, through a node that is made for that moment. */

#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fd.h"
#include "file.h"
#include "mount.h"

#define LOOP_MAJOR 7
#define LOOP_CONTROL_MINOR 237 /* of the misc devices, 10 */
#define FREE_TRIES 64          /* others take devices, too, between finding a free one and taking it */

static int node_directory(mode_t type, dev_t device, uid_t owner) {
        _cleanup_close_ int dir = mount_new("tmpfs", "size=4k,nr_inodes=8,mode=0711", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

        if (dir < 0)
                return dir;
        if (mknodat(dir, BLOCK_NODE, type | 0600, device) < 0 || fchownat(dir, BLOCK_NODE, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return TAKE_FD(dir);
}

int block_node_new(dev_t device, uid_t owner) {
        return node_directory(S_IFBLK, device, owner);
}

static int open_device(const char *path, mode_t type, dev_t device, int flags) {
        _cleanup_close_ int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), dir = -1;
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) >= 0 && (st.st_mode & S_IFMT) == type && st.st_rdev == device)
                return fd_reopen(fd, flags);
        dir = node_directory(type, device, 0);
        if (dir < 0)
                return dir;
        close_fd(fd);
        fd = openat(dir, BLOCK_NODE, flags | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : TAKE_FD(fd);
}

/* What stands for loop device N: N itself, unless the module was told to keep minors for partitions. */
static int device_number(int n, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        unsigned maj, min;
        char path[64];
        int r;

        snprintf(path, sizeof(path), "/sys/block/loop%d/dev", n);
        r = file_read(AT_FDCWD, path, 64, &text);
        if (r < 0)
                return r;
        if (sscanf(text, "%u:%u", &maj, &min) != 2 || maj != LOOP_MAJOR)
                return -EINVAL;
        *ret = makedev(maj, min);
        return 0;
}

static int open_loop(int n, bool read_only) {
        char path[32];
        dev_t device;
        int r = device_number(n, &device);

        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "/dev/loop%d", n);
        return open_device(path, S_IFBLK, device, read_only ? O_RDONLY : O_RDWR);
}

static int configure(int loop, int file, const LoopRange *range) {
        struct loop_config c = {
                .fd = (uint32_t) file,
                .block_size = range->sector_size,
                .info = {
                        .lo_offset = range->offset,
                        .lo_sizelimit = range->size,
                        .lo_flags = LO_FLAGS_AUTOCLEAR | (range->read_only ? LO_FLAGS_READ_ONLY : 0),
                },
        };

        return ioctl(loop, LOOP_CONFIGURE, &c) < 0 ? -errno : 0;
}

int loop_new(int file, const LoopRange *range) {
        _cleanup_close_ int control = open_device("/dev/loop-control", S_IFCHR, makedev(10, LOOP_CONTROL_MINOR), O_RDWR);

        if (control < 0)
                return control == -ENXIO || control == -ENOENT ? -ENODEV : control;
        for (int i = 0; i < FREE_TRIES; i++) {
                _cleanup_close_ int loop = -1;
                int n = ioctl(control, LOOP_CTL_GET_FREE), r;

                if (n < 0)
                        return -errno;
                loop = open_loop(n, range->read_only);
                r = loop < 0 ? loop : configure(loop, file, range);
                if (r >= 0)
                        return TAKE_FD(loop);
                if (r != -EBUSY && r != -ENXIO && r != -ENOENT)
                        return r;
        }
        return -EBUSY;
}

void block_path(int fd, char ret[BLOCK_PATH_MAX]) {
        _cleanup_free_ char *path = NULL;
        struct stat ours, theirs;

        if (fd_path(fd, &path) >= 0 && strncmp(path, "/dev/", 5) == 0 && strlen(path) < BLOCK_PATH_MAX && fstat(fd, &ours) >= 0 &&
            stat(path, &theirs) >= 0 && S_ISBLK(theirs.st_mode) && theirs.st_rdev == ours.st_rdev)
                strcpy(ret, path);
        else
                snprintf(ret, BLOCK_PATH_MAX, "/proc/self/fd/%d", fd);
}

/* Whether loop device N has that file: 1 or 0. */
static int has_file(int n, const struct stat *file, bool read_only) {
        _cleanup_close_ int loop = open_loop(n, true);
        struct loop_info64 info;

        if (loop < 0 || ioctl(loop, LOOP_GET_STATUS64, &info) < 0)
                return 0; /* it is nobody's, or has just been freed */
        return info.lo_device == file->st_dev && info.lo_inode == file->st_ino && !(read_only && (info.lo_flags & LO_FLAGS_READ_ONLY));
}

int loop_user(int file, bool read_only, int *ret) {
        _cleanup_closedir_ DIR *blocks = opendir("/sys/block");
        struct stat st;
        struct dirent *e;

        if (!blocks)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(file, &st) < 0)
                return -errno;
        while ((e = readdir(blocks))) {
                char path[300];
                int n;

                if (sscanf(e->d_name, "loop%d", &n) != 1)
                        continue;
                snprintf(path, sizeof(path), "%s/loop/backing_file", e->d_name); /* there while it has a file */
                if (faccessat(dirfd(blocks), path, F_OK, 0) < 0 || !has_file(n, &st, read_only))
                        continue;
                *ret = n;
                return 1;
        }
        return 0;
}
