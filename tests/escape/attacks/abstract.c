/* SPDX-License-Identifier: GPL-2.0-or-later */

/* abstract listen|connect NAME: an abstract unix socket; prints what it hears, or sends a word. */

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char word[] = "hello from inside\n";

int main(int argc, char **argv) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size;
        char text[64];

        if (argc != 3 || strlen(argv[2]) >= sizeof(a.sun_path))
                return 127;
        memcpy(a.sun_path + 1, argv[2], strlen(argv[2]));
        size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + strlen(argv[2]));
        if (strcmp(argv[1], "connect") == 0) {
                if (connect(fd, (struct sockaddr *) &a, size) < 0 || write(fd, word, sizeof(word) - 1) < 0) {
                        perror("abstract");
                        return 1;
                }
                return 0;
        }
        if (bind(fd, (struct sockaddr *) &a, size) < 0 || listen(fd, 8) < 0)
                return 1;
        for (;;) {
                int peer = accept(fd, NULL, NULL);
                ssize_t n = read(peer, text, sizeof(text));

                if (n > 0 && write(STDOUT_FILENO, text, (size_t) n) < 0)
                        return 1;
                close(peer);
        }
}
