/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

/* Two machines on one tree destroy it, so nbox takes the very locks that systemd-nspawn takes (systemd 252, watched with
 * strace): whole-file open-file-description locks (F_OFD_SETLK), for writing, or for reading where the tree is shared,
 *
 *     on .#NAME.lck beside the tree, which another host sees that shares the file system, and
 *     on /run/systemd/nspawn/locks/inode-DEV:INO, which also holds where the tree is mounted in two places.
 *
 * The holder removes the file *before* it closes it; so who gets a lock looks whether the file still has a name, and
 * begins again when not.
 *
 * A lock file is only made in a directory that nobody but root can write (CVE-2015-1331: links made beforehand). A tree in
 * a user's directory or in /tmp gets the lock by inode alone: on one host, that is as good. So does a tree in a
 * directory that is read-only. */

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "file.h"
#include "log.h"

#define LOCK_DIRECTORY "/run/systemd/nspawn/locks"

/* Whether root alone decides what is in a directory. O_PATH fd or -errno; -EACCES where others can write. */
static int open_roots_directory(const char *path) {
        struct open_how how = {
                .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_NO_SYMLINKS, /* the path is a resolved one: a link in it is news */
        };
        _cleanup_close_ int fd = (int) syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EACCES;
        return TAKE_FD(fd);
}

static int set_lock(int fd, short type) {
        struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

        if (fcntl(fd, F_OFD_SETLK, &fl) >= 0)
                return 0;
        return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* fd of the locked file, or -errno; -EBUSY when it is held. */
static int lock_file(int dir, const char *name, bool shared) {
        for (;;) {
                _cleanup_close_ int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
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

static int lock_in(const char *directory, const char *name, bool shared, ImageLock *lock, size_t slot) {
        _cleanup_close_ int dir = open_roots_directory(directory);
        _cleanup_free_ char *path = NULL;
        int fd;

        if (dir < 0)
                return dir;
        if (asprintf(&path, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name) < 0)
                return -ENOMEM;
        fd = lock_file(dir, name, shared);
        if (fd < 0)
                return fd;
        lock->fds[slot] = fd;
        lock->files[slot] = TAKE_PTR(path);
        return 0;
}

static int lock_beside(const Image *image, bool shared, ImageLock *lock) {
        _cleanup_free_ char *directory = strdup(image->path), *name = NULL;
        char *slash;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        if (asprintf(&name, ".#%s.lck", slash + 1) < 0)
                return -ENOMEM;
        slash[slash == directory] = 0;
        return lock_in(directory, name, shared, lock, 0);
}

static int lock_by_inode(const Image *image, bool shared, ImageLock *lock) {
        char name[64];
        struct stat st;
        int r;

        if (fstat(image->fd, &st) < 0)
                return -errno;
        r = mkdir_parents("/run/systemd/nspawn", 0755);
        if (r < 0)
                return r;
        if (mkdir(LOCK_DIRECTORY, 0700) < 0 && errno != EEXIST)
                return -errno;
        snprintf(name, sizeof(name), "inode-%lu:%lu", (unsigned long) st.st_dev, (unsigned long) st.st_ino);
        return lock_in(LOCK_DIRECTORY, name, shared, lock, 1);
}

/* Errors that say that the directory is not one for a lock file, rather than that locking failed. */
static bool lock_is_not_for_here(int r) {
        return r == -EROFS || r == -EACCES || r == -EPERM || r == -ENAMETOOLONG;
}

static int lock_error(const Image *image, const char *file, int r, Error **reterr) {
        if (r != -EBUSY)
                return error_errno(reterr, r, "Cannot lock the tree %s by %s", image->path, file);
        error_set(reterr, r, "The tree %s is in use by a machine (its lock is held)", image->path);
        return error_hint(reterr, r, "`nbox list` and `machinectl list` show which; several machines can share a tree with --read-only.");
}

int image_lock(const Image *image, bool shared, ImageLock **ret, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = calloc(1, sizeof(*lock));
        int r;

        if (!lock)
                return error_oom(reterr);
        lock->fds[0] = lock->fds[1] = -1;
        lock->shared = shared;

        r = lock_beside(image, shared, lock);
        if (lock_is_not_for_here(r))
                log_debug("No lock file beside %s: %s, ignoring", image->path, strerror(-r));
        else if (r < 0)
                return lock_error(image, "a file beside it", r, reterr);

        r = lock_by_inode(image, shared, lock);
        if (r < 0)
                return lock_error(image, "its inode in " LOCK_DIRECTORY, r, reterr);
        *ret = TAKE_PTR(lock);
        return 0;
}

ImageLock *image_lock_release(ImageLock *lock) {
        if (!lock)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(lock->files); i++) {
                /* The last of several sharers becomes the only one, and as such removes the file. By path: the directory is root's. */
                if (lock->files[i] && (!lock->shared || set_lock(lock->fds[i], F_WRLCK) >= 0))
                        (void) unlink(lock->files[i]);
                free(lock->files[i]);
                close_fd(lock->fds[i]);
        }
        free(lock);
        return NULL;
}

static bool is_lock_file_name(const char *name) {
        size_t n = strlen(name);

        return strncmp(name, "inode-", 6) == 0 || (n > 6 && strncmp(name, ".#", 2) == 0 && strcmp(name + n - 4, ".lck") == 0);
}

int image_lock_sweep(const char *path) {
        _cleanup_free_ char *directory = strdup(path);
        _cleanup_close_ int dir = -1, fd = -1;
        struct stat st, now;
        char *slash;
        int r;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        if (path[0] != '/' || !is_lock_file_name(slash + 1))
                return -EINVAL;
        *slash = 0;
        dir = open_roots_directory(slash == directory ? "/" : directory);
        if (dir < 0)
                return dir == -ENOENT ? 0 : dir;
        fd = openat(dir, slash + 1, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        r = set_lock(fd, F_WRLCK);
        if (r < 0)
                return r == -EBUSY ? 0 : r; /* somebody alive has it */
        if (fstatat(dir, slash + 1, &now, AT_SYMLINK_NOFOLLOW) < 0 || now.st_dev != st.st_dev || now.st_ino != st.st_ino)
                return 0; /* removed and made anew meanwhile: not ours to touch */
        return unlinkat(dir, slash + 1, 0) < 0 ? -errno : 0;
}
