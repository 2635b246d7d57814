/* SPDX-License-Identifier: GPL-2.0-or-later */

/* notify TEXT [PID]: to the notify socket of whoever started the machine, from PID 1 as far as the kernel lets us say so; with a descriptor to keep. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv) {
        struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/host/notify" };
        struct {
                struct cmsghdr rights;
                union { int fd; size_t align; } r;
                struct cmsghdr credentials;
                struct ucred who;
        } control = {
                .rights = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) },
                .r.fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                .credentials = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_CREDENTIALS, .cmsg_len = CMSG_LEN(sizeof(struct ucred)) },
                .who = { .pid = argc > 2 ? atoi(argv[2]) : getpid() },
        };
        struct iovec text = { .iov_base = argc > 1 ? argv[1] : NULL, .iov_len = argc > 1 ? strlen(argv[1]) : 0 };
        struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof(a), .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                            .msg_controllen = sizeof(control) };
        int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (argc < 2)
                return 127;
        if (sendmsg(s, &m, 0) < 0) {
                perror("notify");
                return 1;
        }
        return 0;
}
