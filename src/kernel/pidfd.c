/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pidfd.h"

#include <errno.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

int pidfd_of(pid_t pid) {
        int fd = pidfd_open(pid, 0);

        return fd < 0 ? -errno : fd;
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
