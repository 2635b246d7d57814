/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "mount.h"

int source_look(int fd, struct statx *ret) {
        return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_BTIME, ret) < 0 ? -errno : 0;
}

int source_open_entry(int dir, const char *name, bool into_mounts) {
        struct open_how how = {
                .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (into_mounts ? 0 : RESOLVE_NO_XDEV),
        };
        long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

int source_open_to_read(int fd, int flags) {
        int again = fd_reopen(fd, O_RDONLY | O_NONBLOCK | O_NOATIME | flags);

        return again == -EPERM ? fd_reopen(fd, O_RDONLY | O_NONBLOCK | flags) : again;
}

int source_bare_view(int tree) {
        _cleanup_close_ int view = mount_clone(tree, "", false);

        if (view < 0 || mount_set_attr(view, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false) < 0)
                return fd_reopen(tree, O_PATH | O_DIRECTORY);
        return TAKE_FD(view);
}
