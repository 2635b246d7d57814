/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A guest with a process that waits in the kernel, where nothing but SIGKILL reaches it: for a file system (FUSE) that nobody serves. For
 * tests/host/freeze.sh. Linked statically, for a tree without a libc.
 *
 *     stuckdrive DIRECTORY          prints "stuck", and is so until it is killed */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_USEC 300000

int main(int argc, char **argv) {
        int fd = open("/dev/fuse", O_RDWR);
        char options[128];
        struct stat st;

        if (argc != 2 || fd < 0)
                return 1;
        snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
        if (mount("stuck", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
                return 2;
        if (fork() == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (chdir(argv[1]) < 0 || stat("x", &st) < 0)
                        return 3;
                return 0;
        }
        usleep(SETTLE_USEC);
        puts("stuck");
        fflush(stdout);
        pause();
        return 0;
}
