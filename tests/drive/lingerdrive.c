/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A guest that has whoever reads its notifications close a socket that lingers for ten minutes (see src/run/supervisor-notify.c), for
 * tests/host/hostile.sh: the peer never reads what is in it. Linked statically, for a tree without a libc. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINGER_SEC 600

/* A connection that is full of what nobody reads, or -1. */
static int full_connection(void) {
        int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(a);
        static char data[4096];

        if (bind(listener, (struct sockaddr *) &a, size) < 0 || listen(listener, 1) < 0 ||
            getsockname(listener, (struct sockaddr *) &a, &size) < 0 || connect(fd, (struct sockaddr *) &a, size) < 0 ||
            accept(listener, NULL, NULL) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return -1;
        while (write(fd, data, sizeof(data)) > 0)
                ;
        if (fcntl(fd, F_SETFL, 0) < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, LINGER_SEC }, sizeof(struct linger)) < 0)
                return -1;
        return fd;
}

static int notify(int fd) {
        struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/host/notify" };
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(int))];
        } control = {};
        char text[] = "STATUS=here";
        struct iovec iov = { .iov_base = text, .iov_len = strlen(text) };
        struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof(control) };

        control.h = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.h), &fd, sizeof(fd));
        return sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &m, 0) < 0 ? -1 : 0;
}

int main(void) {
        int fd = full_connection();

        if (fd < 0 || notify(fd) < 0) {
                perror("lingerdrive");
                return 1;
        }
        puts("sent");
        fflush(stdout);
        close(fd); /* where that has been taken already, it is us who wait */
        return (int) sleep(LINGER_SEC);
}
