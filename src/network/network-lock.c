/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "network-lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "file.h"

/* Lock the directory, and see that it is still the one that the path names: it may have been removed meanwhile. */
static int try_lock(int *ret) {
        _cleanup_close_ int fd = -1;
        struct stat a, b;
        int r;

        r = mkdir_parents(NETWORK_RUN_DIRECTORY, 0711);
        if (r < 0)
                return r;
        fd = open(NETWORK_RUN_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return -errno;
        if (fstat(fd, &a) < 0)
                return -errno;
        if ((a.st_mode & 0777) != 0711 && fchmod(fd, 0711) < 0) /* of an older nbox, or of a strict umask */
                return -errno;
        if (stat(NETWORK_RUN_DIRECTORY, &b) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
                return 0;
        *ret = TAKE_FD(fd);
        return 1;
}

int network_lock(Error **reterr) {
        int fd, r;

        do
                r = try_lock(&fd);
        while (r == 0);
        return r < 0 ? error_errno(reterr, r, "Cannot lock %s", NETWORK_RUN_DIRECTORY) : fd;
}

void network_lock_remove(void) {
        (void) rmdir(NETWORK_RUN_DIRECTORY);
}
