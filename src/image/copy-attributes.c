/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "copy-attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "xattr-file.h"

#define FLAGS_KEPT (FS_NOCOW_FL | FS_COMPR_FL | FS_NOCOMP_FL | FS_NODUMP_FL)

void attribute_copier_done(AttributeCopier *c) {
        free(c->names);
        free(c->value);
        *c = (AttributeCopier){};
}

void copy_flags(int from, int to) {
        int flags = 0, now = 0;

        if (ioctl(from, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FLAGS_KEPT) || ioctl(to, FS_IOC_GETFLAGS, &now) < 0)
                return;
        flags = (now & ~FLAGS_KEPT) | (flags & FLAGS_KEPT);
        if (flags != now)
                (void) ioctl(to, FS_IOC_SETFLAGS, &flags);
}

/* ---- extended attributes ---- */

/* Of "system." only ACLs are an attribute of the file's own; IMA's and EVM's measure this very inode. */
static bool is_copied(const char *name) {
        if (strncmp(name, "system.", 7) == 0)
                return strncmp(name, "system.posix_acl_", 17) == 0;
        return strcmp(name, "security.evm") != 0 && strcmp(name, "security.ima") != 0;
}

/* What the other file system does not have because it does not need it: a label where there are none, a wish about compression. */
static bool may_be_lost(const char *name) {
        return strcmp(name, "security.selinux") == 0 || strncmp(name, "btrfs.", 6) == 0;
}

static int copy_one(AttributeCopier *c, const XattrFile *from, const XattrFile *to, const char *name) {
        ssize_t n = xattr_value(from, name, c->value);
        int r;

        if (n < 0)
                return n == -ENODATA ? 0 : (int) n;
        r = xattr_set(to, name, c->value, (size_t) n);
        if (r >= 0 || may_be_lost(name))
                return 0;
        if (r == -EOPNOTSUPP)
                c->lacking = name;
        return r;
}

static int copy_xattrs(AttributeCopier *c, const XattrFile *from, const XattrFile *to) {
        ssize_t n;

        if (!c->names)
                c->names = malloc(XATTR_LIST_MAX + 1);
        if (!c->value)
                c->value = malloc(XATTR_SIZE_MAX);
        if (!c->names || !c->value)
                return -ENOMEM;
        n = xattr_names(from, c->names);
        if (n < 0)
                return n == -EOPNOTSUPP ? 0 : (int) n;
        c->names[n] = 0;
        for (const char *name = c->names; name < c->names + n; name += strlen(name) + 1) {
                int r = is_copied(name) ? copy_one(c, from, to, name) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- all ---- */

static bool is_open_type(const struct statx *st) {
        return S_ISREG(st->stx_mode) || S_ISDIR(st->stx_mode);
}

static void times_of(const struct statx *st, struct timespec ret[2]) {
        ret[0] = (struct timespec){ .tv_sec = st->stx_atime.tv_sec, .tv_nsec = st->stx_atime.tv_nsec };
        ret[1] = (struct timespec){ .tv_sec = st->stx_mtime.tv_sec, .tv_nsec = st->stx_mtime.tv_nsec };
}

int copy_attributes(AttributeCopier *c, const CopySource *from, int to) {
        XattrFile source = xattr_file(from->fd, is_open_type(from->st)), target = xattr_file(to, true);
        struct timespec times[2];
        int r;

        times_of(from->st, times);
        if (fchown(to, from->st->stx_uid, from->st->stx_gid) < 0)
                return -errno;
        r = copy_xattrs(c, &source, &target);
        if (r < 0)
                return r;
        if (fchmod(to, from->st->stx_mode & 07777) < 0 || futimens(to, times) < 0)
                return -errno;
        return 0;
}

int copy_attributes_at(AttributeCopier *c, const CopySource *from, int dir, const char *name) {
        XattrFile source = xattr_file(from->fd, is_open_type(from->st)), target;
        _cleanup_close_ int to = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct timespec times[2];
        int r;

        if (to < 0)
                return -errno;
        target = xattr_file(to, false);
        times_of(from->st, times);
        if (fchownat(dir, name, from->st->stx_uid, from->st->stx_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        r = copy_xattrs(c, &source, &target);
        if (r < 0)
                return r;
        if (!S_ISLNK(from->st->stx_mode) && fchmodat(dir, name, from->st->stx_mode & 07777, 0) < 0)
                return -errno;
        return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
