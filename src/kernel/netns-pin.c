/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Of mounts on a file that is removed, the kernel takes away all copies in all mount namespaces (Linux 3.18), but refuses the removal where
 * one stands in the caller's own. So whoever unpins need not go where the mount was made. */

#include "netns-pin.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "file.h"
#include "netns.h"

/* Where PID 1 sees another directory there than we do, we are in a world of our own, and stay in it. */
static int go_to_first(const char *directory) {
        _cleanup_close_ int first = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *there = NULL;
        struct stat a, b;

        if (first < 0)
                return -errno;
        if (asprintf(&there, "/proc/1/root%s", directory) < 0)
                return -ENOMEM;
        if (stat(directory, &a) < 0)
                return -errno;
        if (stat(there, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
                return 0;
        return setns(first, CLONE_NEWNS) < 0 ? -errno : 0;
}

static int mount_there(int netns, const char *directory, const char *path) {
        char source[32];
        int r = go_to_first(directory);

        snprintf(source, sizeof(source), "/proc/self/fd/%d", netns);
        if (r >= 0 && mount(source, path, NULL, MS_BIND, NULL) < 0)
                r = -errno;
        return r;
}

/* In a child, for a process cannot come back from PID 1's mount namespace to where it was in its own. */
static int mount_by_child(int netns, const char *directory, const char *path) {
        int status, r;
        pid_t pid = fork();

        if (pid < 0)
                return -errno;
        if (pid == 0) {
                r = mount_there(netns, directory, path);
                _exit(r < 0 ? -r : 0);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int netns_pin(int netns, const char *path) {
        _cleanup_free_ char *directory = strndup(path, (size_t) (strrchr(path, '/') - path));
        _cleanup_close_ int file = -1;
        int r;

        if (!directory)
                return -ENOMEM;
        r = mkdir_parents(directory, 0755);
        if (r < 0)
                return r;
        file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file < 0)
                return -errno;
        r = mount_by_child(netns, directory, path);
        if (r < 0)
                netns_unpin(path);
        return r;
}

int netns_pinned(const char *path) {
        _cleanup_free_ char *there = NULL;
        int fd = netns_open(path);

        if (fd == -ENOENT || fd == -EINVAL) /* a mount namespace of our own has no mounts that came later, perhaps */
                fd = asprintf(&there, "/proc/1/root%s", path) < 0 ? -ENOMEM : netns_open(there);
        return fd == -EINVAL ? -ENOENT : fd;
}

void netns_unpin(const char *path) {
        _cleanup_free_ char *directory = strndup(path, (size_t) (strrchr(path, '/') - path));

        (void) umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
        (void) unlink(path);
        if (directory)
                (void) rmdir(directory);
}
