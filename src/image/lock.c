/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

/* Two machines on one tree destroy it, so nbox takes the very locks that systemd-nspawn takes (lock-file.h), for writing, or for
 * reading where the tree is shared,
 *
 *     on .#NAME.lck beside the tree, which another host sees that shares the file system, and
 *     on /run/systemd/nspawn/locks/inode-DEV:INO, which also holds where the tree is mounted in two places.
 *
 * A disk image has them by the name and inode of its file; a block device, which is one host's, that of its number alone,
 * block-MAJOR:MINOR.
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
#include <sys/sysmacros.h>

#include "file.h"
#include "lock-file.h"
#include "log.h"
#include "mounted.h"

#define LOCK_DIRECTORY "/run/systemd/nspawn/locks"
#define TRIES_MAX 100

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

static int open_directory_of(const char *file) {
        _cleanup_free_ char *directory = strdup(file);
        char *slash;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        slash[slash == directory] = 0;
        return open_roots_directory(directory);
}

/* Take the lock whose path is in the slot. */
static int take(ImageLock *lock, size_t slot) {
        _cleanup_close_ int dir = open_directory_of(lock->files[slot]);
        int fd;

        if (dir < 0)
                return dir;
        fd = lock_file_take(dir, strrchr(lock->files[slot], '/') + 1, lock->shared);
        if (fd < 0)
                return fd;
        lock->fds[slot] = fd;
        return 0;
}

static int make_lock_directory(void) {
        int r = mkdir_parents("/run/systemd/nspawn", 0755);

        if (r >= 0 && mkdir(LOCK_DIRECTORY, 0700) < 0 && errno != EEXIST)
                r = -errno;
        return r;
}

/* Errors that say that the directory is not one for a lock file, rather than that locking failed. Where the disk is full, others cannot
 * make one either, and what makes room (remove, rollback) is needed most. */
static bool lock_is_not_for_here(int r) {
        return r == -EROFS || r == -EACCES || r == -EPERM || r == -ENAMETOOLONG || r == -ENOSPC || r == -EDQUOT;
}

static int lock_error(const Image *image, const char *file, int r, Error **reterr) {
        if (r != -EBUSY)
                return error_errno(reterr, r, "Cannot lock the tree %s by %s", image->path, file);
        error_set(reterr, r, "The tree %s is in use by a machine or another command (its lock is held)", image->path);
        return error_hint(reterr, r, "`nbox list` and `machinectl list` show which; several machines can share a tree with --read-only.");
}

static char *path_beside(const char *path) {
        const char *name = strrchr(path, '/') + 1;
        char *file;

        return asprintf(&file, "%.*s.#%s.lck", (int) (name - path), path, name) < 0 ? NULL : file;
}

static char *path_by_inode(const struct stat *st) {
        char *file;
        int n = S_ISBLK(st->st_mode)
                ? asprintf(&file, LOCK_DIRECTORY "/block-%u:%u", major(st->st_rdev), minor(st->st_rdev))
                : asprintf(&file, LOCK_DIRECTORY "/inode-%lu:%lu", (unsigned long) st->st_dev, (unsigned long) st->st_ino);

        return n < 0 ? NULL : file;
}

static void find_place_beside(const Image *image, ImageLock *lock) {
        _cleanup_close_ int beside = open_directory_of(lock->files[0]);

        if (!lock_is_not_for_here(beside))
                return;
        log_debug("No lock file beside %s: %s, ignoring", image->path, strerror(-beside));
        lock->files[0] = (free(lock->files[0]), NULL);
}

int image_lock_prepare(const Image *image, bool shared, ImageLock **ret, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = calloc(1, sizeof(*lock));
        struct stat st;

        if (!lock)
                return error_oom(reterr);
        lock->fds[0] = lock->fds[1] = -1;
        lock->shared = shared;
        if (fstat(image->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", image->path);
        lock->files[0] = S_ISBLK(st.st_mode) ? NULL : path_beside(image->path);
        lock->files[1] = path_by_inode(&st);
        if (!lock->files[1] || (!lock->files[0] && !S_ISBLK(st.st_mode)))
                return error_oom(reterr);
        if (lock->files[0])
                find_place_beside(image, lock);
        *ret = TAKE_PTR(lock);
        return 0;
}

/* Who had the lock before us may have sealed the tree (store.h), which nobody may write to now, or have put another in its place. */
static int check_place(const Image *image, Error **reterr) {
        struct stat st, now;

        if (fstat(image->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at %s", image->path);
        if (stat(image->path, &now) >= 0 && st.st_dev == now.st_dev && st.st_ino == now.st_ino)
                return 0;
        error_set(reterr, EAGAIN, "%s has just been changed by another command", image->path);
        return error_hint(reterr, -EAGAIN, "Try again.");
}

static int check_unmounted(const Image *image, bool shared, Error **reterr) {
        _cleanup_free_ char *what = NULL;

        if (asprintf(&what, "The image '%s'", image->name) < 0)
                return error_oom(reterr);
        return mounted_check(&(MountedWish){ image->fd, what, shared }, reterr);
}

int image_lock_take(const Image *image, ImageLock *lock, Error **reterr) {
        int r = lock->files[0] ? take(lock, 0) : 0;

        if (lock_is_not_for_here(r)) {
                log_debug("No lock file beside %s: %s, ignoring", image->path, strerror(-r));
                lock->files[0] = (free(lock->files[0]), NULL);
        } else if (r < 0)
                return lock_error(image, "a file beside it", r, reterr);

        r = make_lock_directory();
        if (r >= 0)
                r = take(lock, 1);
        if (r < 0)
                return lock_error(image, "its inode in " LOCK_DIRECTORY, r, reterr);
        r = check_place(image, reterr);
        return r < 0 ? r : check_unmounted(image, lock->shared, reterr);
}

int image_lock(const Image *image, bool shared, ImageLock **ret, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        int r;

        r = image_lock_prepare(image, shared, &lock, reterr);
        if (r >= 0)
                r = image_lock_take(image, lock, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(lock);
        return r;
}

bool image_try_again(int r, unsigned *tries) {
        return r == -EAGAIN && ++*tries < TRIES_MAX;
}

int image_lock_is_held(int tree) {
        struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (fstat(tree, &st) < 0)
                return -errno;
        path = path_by_inode(&st);
        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        return fcntl(fd, F_OFD_GETLK, &fl) < 0 ? -errno : fl.l_type != F_UNLCK;
}

int image_lock_remove(ImageLock *lock) {
        int first = 0;

        for (size_t i = 0; i < ELEMENTSOF(lock->files); i++) {
                /* The last of several sharers becomes the only one, and as such removes the file. By path: the directory is root's. */
                if (lock->fds[i] < 0 || (lock->shared && lock_file_make_exclusive(lock->fds[i]) < 0))
                        continue;
                if (unlink(lock->files[i]) < 0 && errno != ENOENT && first == 0)
                        first = -errno;
                lock->fds[i] = close_fd(lock->fds[i]);
        }
        return first;
}

ImageLock *image_lock_release(ImageLock *lock) {
        if (!lock)
                return NULL;
        (void) image_lock_remove(lock);
        for (size_t i = 0; i < ELEMENTSOF(lock->files); i++) {
                free(lock->files[i]);
                close_fd(lock->fds[i]);
        }
        free(lock);
        return NULL;
}

/* A tree's, or that of a range of ids (run/idrange.h), in records of either. */
static bool is_lock_file_name(const char *directory, const char *name) {
        size_t n = strlen(name);

        if (strcmp(directory, LOCK_OF_IDS_DIRECTORY) == 0)
                return n > 0 && n <= 10 && strspn(name, "0123456789") == n;
        if (strcmp(directory, LOCK_OF_ODD_IDS_DIRECTORY) == 0)
                return *name != '.' && strchr(name, ':');
        return strncmp(name, "inode-", 6) == 0 || strncmp(name, "block-", 6) == 0 ||
                (n > 6 && strncmp(name, ".#", 2) == 0 && strcmp(name + n - 4, ".lck") == 0);
}

int image_lock_sweep(const char *path) {
        _cleanup_free_ char *directory = strdup(path);
        _cleanup_close_ int dir = -1;
        char *slash;

        if (!directory)
                return -ENOMEM;
        slash = strrchr(directory, '/');
        if (path[0] != '/')
                return -EINVAL;
        *slash = 0;
        if (!is_lock_file_name(directory, slash + 1))
                return -EINVAL;
        dir = open_roots_directory(slash == directory ? "/" : directory);
        if (dir < 0)
                return dir == -ENOENT ? 0 : dir;
        return lock_file_sweep(dir, slash + 1);
}

static void sweep_directory(const char *directory) {
        _cleanup_closedir_ DIR *d = opendir(directory);

        for (struct dirent *e; d && (e = readdir(d));) {
                _cleanup_free_ char *path = NULL;

                if (is_lock_file_name(directory, e->d_name) && asprintf(&path, "%s/%s", directory, e->d_name) >= 0)
                        (void) image_lock_sweep(path);
        }
}

void image_lock_sweep_all(const char *directory) {
        sweep_directory(directory);
        sweep_directory(LOCK_DIRECTORY);
}
