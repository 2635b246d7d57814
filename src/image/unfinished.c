/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unfinished.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "btrfs.h"
#include "cleanup.h"
#include "fd.h"
#include "log.h"
#include "remove.h"

#define PREFIX ".#nbox-"
#define SUFFIX ".tmp"

char *unfinished_name(const char *name) {
        char *unfinished;

        return asprintf(&unfinished, PREFIX "%s" SUFFIX, name) < 0 ? NULL : unfinished;
}

/* An flock, and the certainty that it still is the one of that name. */
int unfinished_lock(int parent, const char *unfinished) {
        _cleanup_close_ int fd = openat(parent, unfinished, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
        struct stat st, now;

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (fstat(fd, &st) < 0 || fstatat(parent, unfinished, &now, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return st.st_dev == now.st_dev && st.st_ino == now.st_ino ? TAKE_FD(fd) : -ENOENT;
}

static int remove_any(int parent, const char *unfinished) {
        int r = btrfs_remove(parent, unfinished);

        return r == -EOPNOTSUPP || r == -ENOTDIR || r == -ENOENT ? remove_tree(parent, unfinished) : r;
}

static int remove_and_say(int parent, const char *unfinished) {
        _cleanup_free_ char *directory = NULL;
        int r = remove_any(parent, unfinished);

        if (r < 0)
                log_warning("Cannot remove the unfinished %s/%s: %s, ignoring", fd_path(parent, &directory) < 0 ? "…" : directory,
                            unfinished, strerror(-r));
        return r;
}

void unfinished_remove(int parent, const char *unfinished) {
        (void) remove_and_say(parent, unfinished);
}

static int sweep_one(int parent, const char *unfinished) {
        _cleanup_close_ int fd = unfinished_lock(parent, unfinished);

        if (fd >= 0 || fd == -ELOOP) /* a link (new-image.c) cannot be locked, and is there for a moment only: who misses it makes it again */
                return remove_and_say(parent, unfinished);
        if (fd != -EBUSY && fd != -ENOENT)
                log_warning("Cannot lock the unfinished %s: %s, ignoring", unfinished, strerror(-fd));
        return fd;
}

int unfinished_sweep(const char *directory) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        struct dirent *e;
        int n = 0;

        if (!d)
                return errno == ENOENT ? 0 : -errno;
        while ((e = readdir(d))) {
                size_t length = strlen(e->d_name), suffix = strlen(SUFFIX);

                if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 && length >= suffix &&
                    strcmp(e->d_name + length - suffix, SUFFIX) == 0 && sweep_one(dirfd(d), e->d_name) >= 0)
                        n++;
        }
        return n;
}
