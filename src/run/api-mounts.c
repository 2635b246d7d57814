/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api-mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "mount.h"
#include "namespace.h"
#include "netns.h"
#include "process.h"

#define FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int make_sysfs(void *userdata) {
        int *fd = userdata;

        *fd = mount_new("sysfs", NULL, FLAGS);
        return *fd < 0 ? *fd : 0;
}

static int await_network(const ApiOf *of, Error **reterr) {
        return of->await_network ? of->await_network(of->userdata, reterr) : 0;
}

/* By ourselves. -EOPNOTSUPP, and no Error, where the kernel makes no proc for others. */
static int make_both(const ApiOf *of, int ret[2], Error **reterr) {
        _cleanup_close_ int pidns = namespace_open_of(of->leader_fd, of->leader, "pid"), proc = -1, netns = -1;
        int sysfs, r;

        proc = pidns < 0 ? pidns : mount_new_proc(pidns, FLAGS);
        if (proc == -EOPNOTSUPP)
                return proc;
        if (proc < 0)
                return error_errno(reterr, proc, "Cannot make the machine's /proc");
        r = await_network(of, reterr);
        if (r < 0)
                return r;
        if (of->own_network)
                r = netns = namespace_open_of(of->leader_fd, of->leader, "net");
        if (r >= 0)
                r = netns_call(netns, make_sysfs, &sysfs);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make the machine's /sys");
        ret[0] = TAKE_FD(proc);
        ret[1] = sysfs;
        return 0;
}

/* Before Linux 6.18. A process that is born in a namespace can be made a proc of it, one that joins it cannot: setns() into a pid namespace
 * counts for children only. So one joins, and a child of its makes the mounts. Both share our memory and our descriptors while we stand
 * still (as vfork(2)): what they open is ours, and nothing is copied. */

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
                h->fds[i] = mount_new(kinds[i], NULL, FLAGS);
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

static int have_made(const ApiOf *of, int ret[2], Error **reterr) {
        Helper h = { .leader = of->leader_fd, .namespaces = CLONE_NEWPID | (of->own_network ? CLONE_NEWNET : 0), .fds = { -1, -1 } };
        int r = await_network(of, reterr);

        if (r < 0)
                return r;
        r = call(join_and_make, &h);
        if (r < 0) {
                close_fd(h.fds[0]);
                close_fd(h.fds[1]);
                return error_errno(reterr, h.error > 0 ? -h.error : r, "Cannot make the machine's /proc and /sys");
        }
        ret[0] = h.fds[0];
        ret[1] = h.fds[1];
        return 0;
}

int api_mounts_make(const ApiOf *of, int ret[2], Error **reterr) {
        int r = make_both(of, ret, reterr);

        return r == -EOPNOTSUPP ? have_made(of, ret, reterr) : r;
}
