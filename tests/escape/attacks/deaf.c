/* SPDX-License-Identifier: GPL-2.0-or-later */

/* deaf DIRECTORY: mounts a FUSE file system there and never answers what the kernel asks of it: whoever touches it waits. Leaves a process
 * behind that holds it. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv) {
        char options[96];
        int fd;

        if (argc != 2)
                return 2;
        fd = open("/dev/fuse", O_RDWR);
        if (fd < 0) {
                perror("/dev/fuse");
                return 1;
        }
        snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
        if (mount("deaf", argv[1], "fuse", 0, options) < 0) {
                perror("mount");
                return 1;
        }
        if (fork() == 0)
                for (;;)
                        pause();
        puts("deaf");
        return 0;
}
