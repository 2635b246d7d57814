/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lxcfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fd.h"
#include "log.h"
#include "mount.h"
#include "namespace.h"
#include "path.h"
#include "pidfd.h"

#define LXCFS "/var/lib/lxcfs"

static const char *const files[LXCFS_FILES] = {
        "proc/cpuinfo", "proc/diskstats", "proc/loadavg", "proc/meminfo", "proc/slabinfo", "proc/stat", "proc/swaps", "proc/uptime",
        "sys/devices/system/cpu/online",
};

void lxcfs_done(LxcfsFiles *f) {
        for (size_t i = 0; i < LXCFS_FILES; i++)
                f->fds[i] = close_fd(f->fds[i]);
}

uint16_t lxcfs_pack(const LxcfsFiles *f, int fds[LXCFS_FILES], size_t *ret_n) {
        uint16_t bits = 0;
        size_t n = 0;

        for (size_t i = 0; i < LXCFS_FILES; i++)
                if (f->fds[i] >= 0) {
                        bits |= (uint16_t) (1U << i);
                        fds[n++] = f->fds[i];
                }
        *ret_n = n;
        return bits;
}

int lxcfs_unpack(uint16_t bits, const int *fds, size_t n, LxcfsFiles *ret) {
        size_t used = 0;

        *ret = LXCFS_NONE;
        for (size_t i = 0; i < LXCFS_FILES && used < n; i++)
                if (bits & (1U << i))
                        ret->fds[i] = fds[used++];
        return used == n ? 0 : -EBADMSG;
}

/* ---- the process that may have to wait for it ---- */

static int open_file(int dir, const char *path) {
        _cleanup_close_ int mount = mount_clone(dir, path, false);
        int r = mount;

        if (r >= 0)
                r = mount_set_attr(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0, false);
        return r < 0 ? r : TAKE_FD(mount);
}

static _Noreturn void look_up(int dir, int socket, pid_t supervisor) {
        LxcfsFiles f = LXCFS_NONE;
        int fds[LXCFS_FILES];
        struct statfs fs;
        uint16_t bits;
        size_t n;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor)
                _exit(EXIT_FAILURE);
        /* It has to answer this: names that somebody looked up a moment ago are found without it. */
        if (fstatfs(dir, &fs) < 0 || fs.f_type != FUSE_SUPER_MAGIC)
                _exit(EXIT_FAILURE);
        for (size_t i = 0; i < LXCFS_FILES; i++)
                f.fds[i] = open_file(dir, files[i]);
        bits = lxcfs_pack(&f, fds, &n);
        _exit(fd_send(socket, &bits, sizeof(bits), fds, n) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int receive(int socket, LxcfsFiles *ret) {
        int fds[LXCFS_FILES], r;
        size_t n = LXCFS_FILES;
        uint16_t bits;

        r = poll(&(struct pollfd){ .fd = socket, .events = POLLIN }, 1, (int) (LXCFS_WAIT_USEC / 1000));
        if (r <= 0)
                return r < 0 ? -errno : -ETIMEDOUT;
        if (fd_recv(socket, &bits, sizeof(bits), fds, &n) != sizeof(bits))
                return -ENOTCONN;
        r = lxcfs_unpack(bits, fds, n, ret);
        return r < 0 ? r : n == 0 ? -ENOTCONN : 0;
}

static int ask(int dir, LxcfsFiles *ret) {
        _cleanup_close_ int ours = -1, theirs = -1, helper = -1;
        pid_t us = getpid(), pid;
        siginfo_t info;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];
        pid = clone_into(0, -1, &helper);
        if (pid < 0)
                return pid;
        if (pid == 0)
                look_up(dir, theirs, us);
        theirs = close_fd(theirs);
        r = receive(ours, ret);
        (void) pidfd_kill(helper, SIGKILL);
        (void) pidfd_wait(helper, &info);
        return r;
}

/* Nothing of this asks the file system itself. */
static int open_mounted(void) {
        _cleanup_close_ int dir = open(LXCFS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct statx st;

        if (dir < 0)
                return -errno;
        if (statx(dir, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) >= 0 && !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
                return -ENOENT;
        return TAKE_FD(dir);
}

bool lxcfs_is_mounted(void) {
        _cleanup_close_ int dir = open_mounted();

        return dir >= 0;
}

int lxcfs_open(LxcfsMode mode, LxcfsFiles *ret, Error **reterr) {
        _cleanup_close_ int dir = -1;
        int r;

        *ret = LXCFS_NONE;
        if (mode == LXCFS_NO)
                return 0;
        dir = open_mounted();
        if (dir < 0 && mode != LXCFS_YES)
                return 0;
        if (dir < 0) {
                error_set(reterr, EOPNOTSUPP, "lxcfs is not mounted on " LXCFS ", and Lxcfs= asks for it");
                return error_hint(reterr, -EOPNOTSUPP, "Install it and start lxcfs.service; --lxcfs=auto does without it.");
        }
        r = ask(dir, ret);
        if (r >= 0)
                return 0;
        if (mode == LXCFS_YES)
                return error_errno(reterr, r, "lxcfs on " LXCFS " does not answer");
        log_warning("lxcfs on " LXCFS " does not answer (%s): the figures in the machine's /proc are the host's", strerror(-r));
        return 0;
}

int lxcfs_attach(const LxcfsFiles *f, int root, Error **reterr) {
        for (size_t i = 0; i < LXCFS_FILES; i++) {
                _cleanup_close_ int target = -1;
                int r;

                if (f->fds[i] < 0)
                        continue;
                target = open_in_root(root, files[i], O_PATH | O_NOFOLLOW, 0);
                if (target == -ENOENT)
                        continue;
                r = target < 0 ? target : mount_attach(f->fds[i], target);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot mount lxcfs's /%s in the machine", files[i]);
        }
        return 0;
}
