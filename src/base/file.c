/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "fd.h"

int file_read(int dirfd, const char *path, size_t max, char **ret) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (fd < 0)
                return -errno;
        return fd_read_all(fd, max, ret, NULL);
}

ssize_t file_read_once(int dirfd, const char *path, char *buf, size_t size) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
        ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

        if (n < 0)
                return -errno;
        buf[n] = 0;
        return (size_t) n == size - 1 ? -EFBIG : n;
}

int file_write(int dirfd, const char *path, const char *text) {
        _cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return -errno;
        if (write(fd, text, strlen(text)) < 0)
                return -errno;
        return 0;
}

int file_replace(int dirfd, const char *path, const char *text, mode_t mode) {
        return file_replace_data(dirfd, path, text, strlen(text), mode);
}

/* It has its name only once it is whole, and closed: whoever watches the directory for ends of writing hears of it once. */
static int finish(int dirfd, const char *tmp, int *fd, const char *path, const void *data, size_t size) {
        int r = fd_write_all(*fd, data, size);

        *fd = close_fd(*fd);
        if (r >= 0 && renameat(dirfd, tmp, dirfd, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dirfd, tmp, 0);
        return r;
}

int file_replace_data(int dirfd, const char *path, const void *data, size_t size, mode_t mode) {
        _cleanup_free_ char *tmp = NULL;
        _cleanup_close_ int fd = -1;

        if (asprintf(&tmp, "%s.%d.tmp", path, (int) getpid()) < 0)
                return -ENOMEM;
        fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0 && errno == EEXIST && unlinkat(dirfd, tmp, 0) >= 0) /* of one that was killed */
                fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        return fd < 0 ? -errno : finish(dirfd, tmp, &fd, path, data, size);
}

int file_replace_by(const char *temporary, const char *path, const char *text, mode_t mode) {
        _cleanup_close_ int fd = -1;

        (void) unlink(temporary);
        fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        if (fchmod(fd, mode) < 0) {
                int r = -errno;

                (void) unlink(temporary);
                return r;
        }
        return finish(AT_FDCWD, temporary, &fd, path, text, strlen(text));
}

void file_sweep_by(const char *directory) {
        _cleanup_closedir_ DIR *dir = opendir(directory);

        for (struct dirent *d; dir && (d = readdir(dir));) {
                size_t n = strlen(d->d_name);

                if (d->d_name[0] == '.' && n > 4 && strcmp(d->d_name + n - 4, ".new") == 0)
                        (void) unlinkat(dirfd(dir), d->d_name, 0);
        }
}

int mkdir_parents(const char *path, mode_t mode) {
        _cleanup_free_ char *p = strdup(path);

        if (!p)
                return -ENOMEM;
        for (char *s = p + 1; *s; s++) {
                if (*s != '/')
                        continue;
                *s = 0;
                if (mkdir(p, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *s = '/';
        }
        if (mkdir(p, mode) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}
