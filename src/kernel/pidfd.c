/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pidfd.h"

#include <errno.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define PIDFS_MAGIC_NUMBER 0x50494446 /* PID_FS_MAGIC, which older headers lack */

int pidfd_of(pid_t pid) {
        int fd = pidfd_open(pid, 0);

        return fd < 0 ? -errno : fd;
}

/* On 32 bits the number is cut, and comes again. */
uint64_t pidfd_inode(int pidfd) {
        struct statfs fs;
        struct stat st;

        if (sizeof(st.st_ino) < sizeof(uint64_t) || sizeof(long) < sizeof(uint64_t) || fstat(pidfd, &st) < 0 || fstatfs(pidfd, &fs) < 0)
                return 0;
        return fs.f_type == PIDFS_MAGIC_NUMBER ? st.st_ino : 0;
}

int pidfd_has_inode(int pidfd, uint64_t inode) {
        struct stat st;

        return fstat(pidfd, &st) < 0 ? -errno : st.st_ino == inode;
}

int pidfd_kill(int pidfd, int sig) {
        return pidfd_send_signal(pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

int pidfd_wait(int pidfd, siginfo_t *ret) {
        for (;;) {
                *ret = (siginfo_t){};
                if (waitid(P_PIDFD, (id_t) pidfd, ret, WEXITED) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}
