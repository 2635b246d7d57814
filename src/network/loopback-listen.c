/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loopback-listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "port-map.h"

#define LOW_FDS 256 /* numbers below are left as they come */
#define BUFFER (64 * 1024)

bool loopback_is_wanted(const PortMap *p) {
        IpAddress loopback = { .family = AF_INET6, .v6 = IN6ADDR_LOOPBACK_INIT };

        return port_address_meets(&p->address, &loopback);
}

static int bind_socket(int protocol, uint16_t port) {
        struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        bool tcp = protocol == IPPROTO_TCP;
        _cleanup_close_ int fd = socket(AF_INET6, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        /* What a connection of an earlier listener has left is in nobody's way; udp, where this would let others have the same port, has
         * no such thing. */
        if (tcp)
                (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
        return bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : TAKE_FD(fd);
}

bool loopback_is_there(void) {
        _cleanup_close_ int fd = bind_socket(IPPROTO_UDP, 0);

        return fd >= 0;
}

bool loopback_is_served(const PortMap *p) {
        int fd = bind_socket(p->protocol, p->host);

        close_fd(fd);
        return fd == -EADDRINUSE;
}

/* To a number of the upper ones. */
static int move_up(int fd) {
        int moved;

        if (fd < LOW_FDS)
                return fd;
        moved = fcntl(fd, F_DUPFD_CLOEXEC, LOOPBACK_FDS_BEGIN);
        if (moved < 0)
                moved = -errno;
        close_fd(fd);
        return moved;
}

static int listen_for_one(int protocol, uint16_t port) {
        _cleanup_close_ int fd = bind_socket(protocol, port);

        if (fd < 0)
                return fd;
        /* What one connection can make the kernel keep; connections take it over from here. */
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ BUFFER }, sizeof(int));
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ BUFFER }, sizeof(int));
        if (protocol == IPPROTO_TCP && listen(fd, SOMAXCONN) < 0)
                return -errno;
        return move_up(TAKE_FD(fd));
}

/* False: the limit is as it was. */
static bool raise_limit(struct rlimit *before) {
        struct rlimit raised;

        if (getrlimit(RLIMIT_NOFILE, before) < 0 || before->rlim_cur >= LOOPBACK_FDS_END)
                return false;
        raised = (struct rlimit){ LOOPBACK_FDS_END, before->rlim_max < LOOPBACK_FDS_END ? LOOPBACK_FDS_END : before->rlim_max };
        return setrlimit(RLIMIT_NOFILE, &raised) >= 0;
}

int loopback_listen(const PortMap *p, int *fds, uint16_t *ret_failed) {
        struct rlimit before;
        bool raised = raise_limit(&before);
        int first = 0;

        for (uint16_t i = 0; i < p->count; i++) {
                uint16_t port = (uint16_t) (p->host + i);
                int fd = listen_for_one(p->protocol, port);

                fds[i] = fd < 0 ? -1 : fd;
                if (fd < 0 && first >= 0) {
                        first = fd;
                        *ret_failed = port;
                }
        }
        if (raised)
                (void) setrlimit(RLIMIT_NOFILE, &before);
        return first;
}
