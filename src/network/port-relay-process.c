/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The process of a relay. It is forked from a supervisor that is root and has a machine's name, tree and terminals open, and it carries
 * what guests and users of the host say: so it keeps nothing of that. What it has is its listeners; what it can do is to accept, to make
 * sockets, and to carry. It can open no file (it has no call for it, and its root is empty), signal or trace nobody, and nobody but root
 * can trace it. */

#include "port-relay.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "fd.h"
#include "log.h"
#include "port-listen.h"
#include "mount.h"
#include "namespace.h"
#include "nobody.h"
#include "process.h"
#include "seccomp.h"

#define NAME "nbox-relay"
#define NOFILE_SPARE 64

static const uint32_t calls[] = {
#ifdef SYS_epoll_wait /* newer architectures have the next one only */
        SYS_epoll_wait,
#endif
        SYS_epoll_pwait, SYS_epoll_create1, SYS_epoll_ctl, SYS_accept4, SYS_socket, SYS_connect, SYS_setsockopt, SYS_getsockopt,
        SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_shutdown, SYS_close, SYS_brk, SYS_mmap, SYS_mremap, SYS_munmap, SYS_madvise, SYS_clock_gettime,
        SYS_getrandom, SYS_exit, SYS_exit_group, SYS_restart_syscall, SYS_rt_sigreturn,
};

static int compare(const void *a, const void *b) {
        return *(const int *) a < *(const int *) b ? -1 : *(const int *) a > *(const int *) b;
}

/* Standard streams become /dev/null; the listeners stay where they are. */
static int keep_listeners(const PortRelay *q) {
        int *sorted = calloc(q->n + 1, sizeof(int)), null = open("/dev/null", O_RDWR | O_CLOEXEC), r = 0;

        if (!sorted || null < 0) {
                free(sorted);
                return -ENOMEM;
        }
        for (int fd = 0; fd < 3; fd++)
                if (dup2(null, fd) < 0)
                        r = -errno;
        memcpy(sorted, q->listeners, q->n * sizeof(int));
        sorted[q->n] = STDERR_FILENO;
        qsort(sorted, q->n + 1, sizeof(int), compare);
        for (size_t i = 0; r >= 0 && i <= q->n; i++) {
                unsigned first = (unsigned) sorted[i] + 1, last = i < q->n ? (unsigned) sorted[i + 1] - 1 : ~0U;

                if (sorted[i] >= STDERR_FILENO && first <= last && close_range(first, last, 0) < 0)
                        r = -errno;
        }
        free(sorted);
        return r;
}

/* A connection has two descriptors. */
static int set_limits(const PortRelay *q) {
        rlim_t files = PORT_FDS_END + 2 * q->limits.conversations + NOFILE_SPARE;
        const struct {
                __rlimit_resource_t resource;
                rlim_t limit;
        } limits[] = { { RLIMIT_NOFILE, files }, { RLIMIT_CORE, 0 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_MEMLOCK, 0 } };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++)
                if (setrlimit(limits[i].resource, &(struct rlimit){ limits[i].limit, limits[i].limit }) < 0)
                        return -errno;
        return 0;
}

static int enter_empty_root(void) {
        _cleanup_close_ int root = mount_new("tmpfs", "size=4k,nr_inodes=1", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

        if (root < 0)
                return root;
        return fchdir(root) < 0 || chroot(".") < 0 ? -errno : 0;
}

static int strip(const PortRelay *q, pid_t parent) {
        int r;

        (void) setsid(); /* a ^C is not for it */
        (void) prctl(PR_SET_NAME, NAME);
        process_reset_signals();
        r = set_limits(q);
        if (r >= 0)
                r = enter_empty_root();
        if (r >= 0)
                r = become_nobody(parent);
        if (r < 0)
                return r;
        r = seccomp_allow_only(calls, ELEMENTSOF(calls));
        return r == -EINVAL || r == -EOPNOTSUPP ? 0 : r; /* a kernel without filters */
}

static _Noreturn void relay_main(const PortRelay *q, pid_t parent) {
        int r = keep_listeners(q);

        if (r >= 0)
                r = strip(q, parent);
        if (r >= 0)
                r = port_relay_run(q);
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

pid_t port_relay_start(const PortRelay *q, int *ret_pidfd, Error **reterr) {
        pid_t parent = getpid(), pid = clone_into(0, -1, ret_pidfd);

        if (pid == 0)
                relay_main(q, parent);
        return pid < 0 ? error_errno(reterr, pid, "Cannot start what carries connections from [::1]") : pid;
}
