/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "fd.h"
#include "lock-file.h"
#include "metrics.h"

/* Whoever reads the file meanwhile has the old one or the new one. What is not whole stands beside it under one name, which is locked: two that
 * write at a time come one after the other, and what one that was killed has left is the next one's to write over. */

#define FILE_MODE 0644 /* its reader is some other program's user, whatever our umask is */
#define WAIT_USEC (5 * UINT64_C(1000000))
#define WAIT_STEP_USEC (10 * 1000)

/* The directory may be its reader's, who shall not have us write over another file by a link to it. */
static int is_ours(int fd, const char *path) {
        struct stat st, now;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (lstat(path, &now) < 0 || now.st_dev != st.st_dev || now.st_ino != st.st_ino)
                return 0; /* it was finished, and has its name now */
        return st.st_nlink == 1 && st.st_uid == geteuid() ? 1 : -EEXIST;
}

static int take_temporary(const char *path) {
        uint64_t end = clock_deadline(WAIT_USEC);

        for (;;) {
                _cleanup_close_ int fd = lock_file_take(AT_FDCWD, path, false);
                int r = fd;

                if (fd >= 0) {
                        r = is_ours(fd, path);
                        if (r > 0)
                                return TAKE_FD(fd);
                }
                if ((r < 0 && r != -EBUSY) || clock_usec(CLOCK_MONOTONIC) >= end)
                        return r < 0 ? r : -EBUSY;
                if (r < 0)
                        clock_pause(WAIT_STEP_USEC);
        }
}

static int fill(int fd, const char *text, size_t size) {
        if (ftruncate(fd, 0) < 0 || fchmod(fd, FILE_MODE) < 0)
                return -errno;
        return fd_write_all(fd, text, size);
}

int metrics_replace_file(const char *path, const char *text, size_t size, Error **reterr) {
        _cleanup_free_ char *temporary = NULL;
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (lstat(path, &st) >= 0 && !S_ISREG(st.st_mode))
                return error_set(reterr, EINVAL, "'%s' is there, and is no file that could be replaced", path);
        if (asprintf(&temporary, "%s.tmp", path) < 0)
                return error_oom(reterr);
        fd = take_temporary(temporary);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot make '%s'", temporary);
        r = fill(fd, text, size);
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlink(temporary);
        return r < 0 ? error_errno(reterr, r, "Cannot write '%s'", path) : 0;
}
