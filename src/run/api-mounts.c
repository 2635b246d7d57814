/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api-mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "mount.h"
#include "process.h"

/* A process that is born in a namespace can be made a mount of it, one that joins it cannot: setns() into a pid namespace counts for
 * children only. So one joins, and a child of its makes the mounts. Both share our memory and our descriptors while we stand still (as
 * vfork(2)): what they open is ours, and nothing is copied. */

#define STACK_SIZE (32 * 1024)

typedef struct Helper {
        int leader;
        int namespaces;
        int fds[2];
        int error; /* 0, or an errno */
} Helper;

static int wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return process_exit_status(status) == 0 ? 0 : -EIO;
}

static int call(int (*function)(void *), Helper *h) {
        _cleanup_free_ char *stack = malloc(STACK_SIZE);
        pid_t pid;

        if (!stack)
                return -ENOMEM;
        pid = clone(function, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, h);
        return pid < 0 ? -errno : wait_for(pid);
}

static int make(void *userdata) {
        static const char *const kinds[] = { "proc", "sysfs" };
        Helper *h = userdata;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                h->fds[i] = mount_new(kinds[i], NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
                if (h->fds[i] < 0) {
                        h->error = -h->fds[i];
                        return 1;
                }
        }
        return 0;
}

static int join_and_make(void *userdata) {
        Helper *h = userdata;
        int r;

        if (setns(h->leader, h->namespaces) < 0) {
                h->error = errno;
                return 1;
        }
        r = call(make, h);
        if (r < 0 && h->error == 0)
                h->error = -r;
        return r < 0;
}

int api_mounts_make(int leader, bool own_network, int ret[2], Error **reterr) {
        Helper h = { .leader = leader, .namespaces = CLONE_NEWPID | (own_network ? CLONE_NEWNET : 0), .fds = { -1, -1 } };
        int r = call(join_and_make, &h);

        if (r < 0) {
                close_fd(h.fds[0]);
                close_fd(h.fds[1]);
                return error_errno(reterr, h.error > 0 ? -h.error : r, "Cannot make the machine's /proc and /sys");
        }
        ret[0] = h.fds[0];
        ret[1] = h.fds[1];
        return 0;
}
