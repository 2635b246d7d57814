/* SPDX-License-Identifier: GPL-2.0-or-later */

/* dial ADDRESS PORT: one line to a TCP service; prints its answer. Two seconds. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct sockaddr_in a = { .sin_family = AF_INET };
        struct timeval limit = { .tv_sec = 2 };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char text[256];
        ssize_t n;

        if (argc != 3 || inet_pton(AF_INET, argv[1], &a.sin_addr) != 1)
                return 127;
        a.sin_port = htons((uint16_t) atoi(argv[2]));
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(fd, (struct sockaddr *) &a, sizeof(a)) < 0 || write(fd, "escape\n", 7) != 7 || (n = read(fd, text, sizeof(text))) <= 0) {
                perror("dial");
                return 1;
        }
        return fwrite(text, 1, (size_t) n, stdout) != (size_t) n;
}
