/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock-file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "cleanup.h"

#define OPEN_FLAGS (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static int set_lock(int fd, short type) {
        struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

        if (fcntl(fd, F_OFD_SETLK, &fl) >= 0)
                return 0;
        return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

int lock_file_make_exclusive(int fd) {
        return set_lock(fd, F_WRLCK);
}

int lock_file_take(int dir, const char *name, bool shared) {
        for (;;) {
                _cleanup_close_ int fd = openat(dir, name, OPEN_FLAGS | O_CREAT, 0600);
                struct stat st;
                int r;

                if (fd < 0)
                        return -errno;
                r = set_lock(fd, shared ? F_RDLCK : F_WRLCK);
                if (r < 0)
                        return r;
                if (fstat(fd, &st) < 0)
                        return -errno;
                if (!S_ISREG(st.st_mode))
                        return -EBADF;
                if (st.st_nlink > 0)
                        return TAKE_FD(fd);
        }
}

bool lock_file_is_held(int dir, const char *name) {
        _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        return fd >= 0 && fcntl(fd, F_OFD_GETLK, &fl) >= 0 && fl.l_type != F_UNLCK;
}

int lock_file_sweep(int dir, const char *name) {
        _cleanup_close_ int fd = openat(dir, name, OPEN_FLAGS);
        struct stat st, now;
        int r;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        r = set_lock(fd, F_WRLCK);
        if (r < 0)
                return r == -EBUSY ? 0 : r; /* somebody alive has it */
        if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_dev != st.st_dev || now.st_ino != st.st_ino)
                return 0; /* removed and made anew meanwhile: not ours to touch */
        return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}
