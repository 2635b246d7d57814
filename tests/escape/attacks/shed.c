/* SPDX-License-Identifier: GPL-2.0-or-later */

/* shed: an init that waits for /escape/go, makes a user namespace of its own in which all ids are what they were, says so by /escape/gone, and
 * stays. */

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static int put(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

        return fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0 ? -1 : 0;
}

int main(void) {
        int left[2];
        char c;

        while (access("/escape/go", F_OK) < 0)
                usleep(5000);
        if (pipe(left) < 0)
                return 1;
        /* Who is still outside may write the maps: all ids, or as many as a machine has. */
        if (fork() == 0) {
                if (read(left[0], &c, 1) < 1)
                        return 1;
                if (put("/proc/1/uid_map", "0 0 4294967295") < 0)
                        (void) put("/proc/1/uid_map", "0 0 65536");
                if (put("/proc/1/gid_map", "0 0 4294967295") < 0)
                        (void) put("/proc/1/gid_map", "0 0 65536");
                return put("/escape/gone", "") < 0;
        }
        if (unshare(CLONE_NEWUSER) < 0 || write(left[1], "x", 1) < 0)
                return 1;
        for (;;)
                pause();
}
