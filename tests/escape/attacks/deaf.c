/* SPDX-License-Identifier: GPL-2.0-or-later */

/* deaf DIRECTORY [hears]: mounts a FUSE file system there and never answers what the kernel asks of it: whoever touches it waits. Leaves a
 * process behind that holds it.
 *
 * One that hears reads each question first, and answers as far as a file named "file" can be opened, but not read. Who waits for an answer to
 * a question that has been read is not ended by SIGKILL. */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2
#define FILE_SIZE 65536
#define FOR_EVER 3600 /* seconds */

static void answer(int fd, const struct fuse_in_header *to, int error, const void *data, size_t size) {
        struct fuse_out_header head = { .len = (uint32_t) (sizeof(head) + size), .error = error, .unique = to->unique };
        struct iovec parts[] = { { &head, sizeof(head) }, { (void *) data, size } };

        if (writev(fd, parts, 2) < 0)
                perror("answer");
}

static struct fuse_attr attributes(uint64_t node) {
        bool is_file = node == FILE_NODE;

        return (struct fuse_attr){ .ino = node, .mode = is_file ? S_IFREG | 0644 : S_IFDIR | 0755, .nlink = 1, .size = is_file ? FILE_SIZE : 0,
                                   .blocks = is_file ? FILE_SIZE / 512 : 0, .blksize = 4096 };
}

static void hear(int fd, const struct fuse_in_header *q, const void *body) {
        struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096 };
        struct fuse_attr_out attr = { .attr_valid = FOR_EVER, .attr = attributes(q->nodeid) };
        struct fuse_entry_out entry = { .nodeid = FILE_NODE, .entry_valid = FOR_EVER, .attr_valid = FOR_EVER, .attr = attributes(FILE_NODE) };
        struct fuse_open_out open = {};

        switch (q->opcode) {
        case FUSE_INIT:
                answer(fd, q, 0, &init, sizeof(init));
                break;
        case FUSE_GETATTR:
                answer(fd, q, 0, &attr, sizeof(attr));
                break;
        case FUSE_LOOKUP:
                if (strcmp(body, "file") == 0)
                        answer(fd, q, 0, &entry, sizeof(entry));
                break;
        case FUSE_OPEN:
                answer(fd, q, 0, &open, sizeof(open));
                break;
        case FUSE_ACCESS:
        case FUSE_LISTXATTR:
        case FUSE_GETXATTR:
        case 52: /* FUSE_STATX, of newer headers */
                answer(fd, q, -ENOSYS, NULL, 0);
                break;
        default:
                break;
        }
}

static void hear_all(int fd) {
        static union {
                struct fuse_in_header head;
                char bytes[FUSE_MIN_READ_BUFFER + 4096];
        } question;

        while (read(fd, &question, sizeof(question)) > 0 || errno == EINTR)
                hear(fd, &question.head, question.bytes + sizeof(question.head));
}

int main(int argc, char **argv) {
        char options[96];
        int fd;

        if (argc != 2 && (argc != 3 || strcmp(argv[2], "hears") != 0))
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
        if (fork() == 0) {
                if (argc == 3)
                        hear_all(fd);
                for (;;)
                        pause();
        }
        puts("deaf");
        return 0;
}
