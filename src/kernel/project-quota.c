/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "project-quota.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fd.h"

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif

#define BLOCK 1024 /* bytes; what limits are counted in: QIF_DQBLKSIZE */

static int attributes(int fd, struct fsxattr *ret) {
        if (ioctl(fd, FS_IOC_FSGETXATTR, ret) >= 0)
                return 0;
        return errno == ENOTTY || errno == EINVAL || errno == ENOSYS ? -EOPNOTSUPP : -errno;
}

int project_get(int fd, uint32_t *ret) {
        _cleanup_close_ int file = fd_reopen(fd, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        struct fsxattr a;
        int r = file < 0 ? file : attributes(file, &a);

        if (r >= 0)
                *ret = a.fsx_projid;
        return r;
}

int project_set(int fd, uint32_t project) {
        _cleanup_close_ int file = fd_reopen(fd, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        struct fsxattr a;
        struct stat st;
        int r = file < 0 ? file : attributes(file, &a);

        if (r < 0)
                return r;
        if (fstat(file, &st) < 0)
                return -errno;
        a.fsx_projid = project;
        if (project && S_ISDIR(st.st_mode)) /* EOPNOTSUPP of a file of ext4's */
                a.fsx_xflags |= FS_XFLAG_PROJINHERIT;
        else
                a.fsx_xflags &= ~(__u32) FS_XFLAG_PROJINHERIT;
        return ioctl(file, FS_IOC_FSSETXATTR, &a) < 0 ? -errno : 0;
}

static int control(int fd, int command, uint32_t project, void *data) {
        return syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), project, data) < 0 ? -errno : 0;
}

int project_quota_get(int fd, uint32_t project, uint64_t *ret_used, uint64_t *ret_limit) {
        struct dqblk quota = {};
        int r = control(fd, Q_GETQUOTA, project, &quota);

        if (r == -ENOENT) { /* xfs: nobody has ever used it */
                *ret_used = *ret_limit = 0;
                return 0;
        }
        if (r < 0)
                return r;
        *ret_used = quota.dqb_curspace;
        *ret_limit = quota.dqb_bhardlimit * BLOCK;
        return 0;
}

int project_quota_set(int fd, uint32_t project, uint64_t limit) {
        struct dqblk quota = { .dqb_bhardlimit = (limit + BLOCK - 1) / BLOCK, .dqb_valid = QIF_BLIMITS };

        return control(fd, Q_SETQUOTA, project, &quota);
}
