/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-node.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fd.h"
#include "mount.h"

int device_node_make(int dev, const DeviceNode *node, uid_t owner) {
        int r = mknodat(dev, node->name, S_IFCHR | node->mode, makedev(node->major, node->minor)) < 0 ? -errno : 0;

        if (r == -EPERM)
                return mknodat(dev, node->name, S_IFREG, 0) < 0 ? -errno : 1;
        if (r < 0)
                return r;
        return fchownat(dev, node->name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* Ours, and what it says it is: our /dev, too, was made by somebody. */
static int open_own(const DeviceNode *node) {
        _cleanup_close_ int dev = open("/dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;
        struct stat st;

        if (dev < 0)
                return -errno;
        fd = openat(dev, node->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(node->major, node->minor))
                return -ENODEV;
        return TAKE_FD(fd);
}

int device_node_bind(int dev, const DeviceNode *node) {
        _cleanup_close_ int place = -1, own = -1, mount = -1;
        struct stat st;

        place = openat(dev, node->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (place < 0 || fstat(place, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        own = open_own(node);
        if (own < 0)
                return own;
        mount = mount_clone(own, "", false);
        return mount < 0 ? mount : mount_attach(mount, place);
}
