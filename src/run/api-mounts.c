/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api-mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "child.h"
#include "fd.h"
#include "mount.h"
#include "process.h"

/* In the machine's pid namespace, with the host's user namespace: an exit status that is an errno. */
static int make_and_send(int socket) {
        static const char answer = CHILD_API;
        int fds[2], r;

        fds[0] = mount_new("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fds[0] < 0)
                return -fds[0];
        fds[1] = mount_new("sysfs", NULL, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        if (fds[1] < 0)
                return -fds[1];
        r = fd_send(socket, &answer, 1, fds, 2);
        return r < 0 ? -r : 0;
}

static int wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return errno;
        return process_exit_status(status);
}

int api_mounts_send(int leader, bool own_network, int socket, Error **reterr) {
        pid_t pid;
        int r;

        pid = fork();
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot start a helper");
        if (pid == 0) {
                /* setns() into a pid namespace counts for children only. */
                if (setns(leader, CLONE_NEWPID | (own_network ? CLONE_NEWNET : 0)) < 0)
                        _exit(errno);
                pid = fork();
                if (pid < 0)
                        _exit(errno);
                _exit(pid == 0 ? make_and_send(socket) : wait_for(pid));
        }
        r = wait_for(pid);
        if (r != 0)
                return error_errno(reterr, r, "Cannot make the machine's /proc and /sys from outside");
        return 0;
}
