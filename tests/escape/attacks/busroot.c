/* SPDX-License-Identifier: GPL-2.0-or-later */

/* busroot SOCKET: says to a D-Bus daemon that we are user 0, and prints the answer. */

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
        static const char hello[] = "\0AUTH EXTERNAL 30\r\n"; /* "0" in hexadecimal */
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char text[256];
        ssize_t n;

        if (argc != 2)
                return 127;
        snprintf(a.sun_path, sizeof(a.sun_path), "%s", argv[1]);
        if (connect(fd, (struct sockaddr *) &a, sizeof(a)) < 0 || write(fd, hello, sizeof(hello) - 1) < 0 || (n = read(fd, text, sizeof(text))) <= 0) {
                perror("busroot");
                return 1;
        }
        return fwrite(text, 1, (size_t) n, stdout) != (size_t) n;
}
