/* SPDX-License-Identifier: GPL-2.0-or-later */

/* exchange DIRECTORY NAME...: on the host, until it is killed: each NAME of the directory and NAME.link change places, at once, and after a
 * moment again. What is opened by path twice is not the same twice. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
        char other[256];

        if (argc < 3 || chdir(argv[1]) < 0)
                return 1;
        for (unsigned round = 0;; round++)
                for (int i = 2; i < argc; i++) {
                        snprintf(other, sizeof(other), "%s.link", argv[i]);
                        if (renameat2(AT_FDCWD, argv[i], AT_FDCWD, other, RENAME_EXCHANGE) < 0)
                                return 1;
                        usleep(round % 7 * 50);
                }
}
