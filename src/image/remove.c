/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remove.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fd.h"

/* One open directory a level: a tree deeper than this is no OS tree. */
#define DEPTH_MAX 256

static int remove_beneath(int dir, const char *name, unsigned depth);

void remove_flags(int fd) {
        int flags;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
                return;
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static void remove_flags_of(int dir, const char *name) {
        _cleanup_close_ int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
        struct stat st;

        /* to open a device is to do something to it */
        if (place < 0 || fstat(place, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
                return;
        fd = fd_reopen(place, O_RDONLY);
        if (fd >= 0)
                remove_flags(fd);
}

static int remove_stubborn(int dir, const char *name, unsigned depth) {
        int r = remove_beneath(dir, name, depth);

        if (r != -EPERM)
                return r;
        remove_flags(dir);
        remove_flags_of(dir, name);
        return remove_beneath(dir, name, depth);
}

static int empty_directory(int fd, unsigned depth) {
        _cleanup_closedir_ DIR *d = fd_into_dir(fd);
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d))) {
                int r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                r = remove_stubborn(dirfd(d), e->d_name, depth);
                if (r < 0)
                        return r;
        }
        return -errno;
}

static int remove_beneath(int dir, const char *name, unsigned depth) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
        };
        long fd;
        int r;

        if (unlinkat(dir, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return -errno;
        if (depth == 0)
                return -ELOOP;
        fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = empty_directory((int) fd, depth - 1);
        if (r < 0)
                return r;
        return unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int remove_tree(int dir, const char *name) {
        return remove_beneath(dir, name, DEPTH_MAX);
}
