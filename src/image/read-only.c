/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "read-only.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "fd.h"

static int set_flag(int fd, bool on) {
        int flags, wanted;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return -errno;
        wanted = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        return wanted != flags && ioctl(fd, FS_IOC_SETFLAGS, &wanted) < 0 ? -errno : 0;
}

static bool has_no_flags(int r) {
        return r == -ENOTTY || r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL;
}

/* Of a file or a directory: to open a device is to do something to it. */
static int open_entry(int dir, const char *name) {
        _cleanup_close_ int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (place < 0 || fstat(place, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? fd_reopen(place, O_RDONLY) : -EOPNOTSUPP;
}

int immutable_set(int dir, const char *name, bool on) {
        _cleanup_close_ int fd = open_entry(dir, name);
        int r = fd < 0 ? fd : set_flag(fd, on);

        return has_no_flags(r) ? 0 : r; /* nor has a link */
}

bool immutable_is_set(int dir, const char *name) {
        _cleanup_close_ int fd = open_entry(dir, name);
        int flags;

        return fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) >= 0 && (flags & FS_IMMUTABLE_FL);
}

static int set_tree(const Image *image, bool on, Error **reterr) {
        _cleanup_close_ int fd = fd_reopen(image->fd, O_RDONLY | O_DIRECTORY);
        int r = fd < 0 ? fd : set_flag(fd, on);

        if (has_no_flags(r)) {
                error_set(reterr, EOPNOTSUPP, "The file system of %s has no mark for what is read-only", image->path);
                return error_hint(reterr, -EOPNOTSUPP, "`nbox boot --read-only %s` boots it without writing to it.", image->name);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot make %s %s", image->path, on ? "read-only" : "writable") : 0;
}

static int set_file(const Image *image, bool on, Error **reterr) {
        _cleanup_close_ int fd = fd_reopen(image->fd, O_RDONLY | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, fd < 0 ? fd : errno, "Cannot open %s", image->path);
        if (!S_ISREG(st.st_mode))
                return error_set(reterr, EOPNOTSUPP, "%s is no file: whether it is read-only is not for nbox to say", image->path);
        if (fchmod(fd, (st.st_mode & 0444) | (on ? 0 : 0200)) < 0)
                return error_errno(reterr, errno, "Cannot make %s %s", image->path, on ? "read-only" : "writable");
        return 0;
}

int image_set_read_only(const Image *image, bool on, Error **reterr) {
        int r;

        if (image->type == IMAGE_DISK)
                return set_file(image, on, reterr);
        if (image->type != IMAGE_SUBVOLUME)
                return set_tree(image, on, reterr);
        r = btrfs_set_read_only(image->fd, on);
        return r < 0 ? error_errno(reterr, r, "Cannot make the subvolume %s %s", image->path, on ? "read-only" : "writable") : 0;
}
