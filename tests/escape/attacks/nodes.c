/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nodes MAJOR MINOR: the host's disk, memory and kernel by device nodes of our own, made where nodes may be of use: in the tree, in a tmpfs, in /dev.
 * Prints "WHAT works" for what could be opened, or "WHAT: why not". */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void attempt(const char *what, const char *directory, mode_t type, dev_t device) {
        char path[256];
        int fd;

        snprintf(path, sizeof(path), "%s/node", directory);
        (void) unlink(path);
        if (mknod(path, type | 0600, device) < 0) {
                printf("%s: mknod: %s\n", what, strerror(errno));
                return;
        }
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                printf("%s: open: %s\n", what, strerror(errno));
        else
                printf("%s works\n", what);
        (void) unlink(path);
}

int main(int argc, char **argv) {
        const char *places[] = { "/escape", "/dev", "/escape/tmpfs" };
        dev_t disk;

        if (argc != 3)
                return 127;
        disk = makedev((unsigned) atoi(argv[1]), (unsigned) atoi(argv[2]));
        (void) mkdir("/escape/tmpfs", 0755);
        (void) mount("tmpfs", "/escape/tmpfs", "tmpfs", 0, NULL);
        (void) mount("", "/escape/tmpfs", NULL, MS_REMOUNT | MS_BIND, NULL);
        for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
                attempt("disk", places[i], S_IFBLK, disk);
                attempt("mem", places[i], S_IFCHR, makedev(1, 1));
                attempt("port", places[i], S_IFCHR, makedev(1, 4));
                attempt("kmsg", places[i], S_IFCHR, makedev(1, 11));
                attempt("tty0", places[i], S_IFCHR, makedev(4, 0));
                attempt("loop-control", places[i], S_IFCHR, makedev(10, 237));
                attempt("rtc", places[i], S_IFCHR, makedev(10, 135));
        }
        return 0;
}
