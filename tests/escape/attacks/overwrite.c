/* SPDX-License-Identifier: GPL-2.0-or-later */

/* overwrite FD: in the background, adds a byte to the file that FD is open on for reading, as soon as nobody executes it any more; two
 * seconds long. What came of it is written to /escape/overwritten. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
        char path[64];
        int fd = -1;
        FILE *said;

        if (argc != 2 || fork() != 0)
                return 0;
        snprintf(path, sizeof(path), "/proc/self/fd/%s", argv[1]);
        for (int i = 0; i < 400 && fd < 0; i++) {
                fd = open(path, O_WRONLY | O_APPEND);
                if (fd < 0 && errno != ETXTBSY)
                        break;
                usleep(5000);
        }
        said = fopen("/escape/overwritten", "w");
        if (!said)
                return 1;
        if (fd < 0 || write(fd, "x", 1) != 1)
                fprintf(said, "%s\n", strerror(errno));
        else
                fprintf(said, "written\n");
        return fclose(said);
}
