/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "port-listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define LOW_FDS 256 /* numbers below are left as they come */
#define BUFFER (64 * 1024)

static const IpAddress loopback = { .family = AF_INET6, .v6 = IN6ADDR_LOOPBACK_INIT };

PortScope port_scope(const Endpoint *e) {
        return e->n_nics > 0 ? PORT_SCOPE_LOOPBACK : PORT_SCOPE_ALL;
}

const EndpointLink *port_link(const Endpoint *e) {
        for (size_t i = 0; i < e->n_links; i++)
                if (e->links[i].config.kind == NIC_VETH || e->links[i].config.kind == NIC_BRIDGE)
                        return e->links + i;
        return NULL;
}

int port_check_scope(const Endpoint *e, Error **reterr) {
        unsigned n = 0;

        for (size_t i = 0; i < e->ports.n; i++)
                n += e->ports.items[i].count;
        if (port_scope(e) == PORT_SCOPE_LOOPBACK || n <= RELAYED_PORTS_MAX)
                return 0;
        error_set(reterr, E2BIG, "The machine '%s' would publish %u ports; of a machine in no zone it is %d at most", e->machine, n,
                  RELAYED_PORTS_MAX);
        return error_hint(reterr, -E2BIG, "Publish fewer, or take --network=zone.");
}

/* Without an address: one socket for both families, or, on a host without IPv6, for the other. */
static socklen_t place_of(const PortMap *p, PortScope scope, bool has_ipv6, uint16_t port, struct sockaddr_storage *ret) {
        const IpAddress *a = scope == PORT_SCOPE_LOOPBACK ? &loopback : &p->address;
        bool v6 = a->family == AF_INET6 || (a->family == 0 && has_ipv6);

        *ret = (struct sockaddr_storage){};
        if (v6) {
                *(struct sockaddr_in6 *) ret = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
                if (a->family == AF_INET6)
                        ((struct sockaddr_in6 *) ret)->sin6_addr = a->v6;
                return sizeof(struct sockaddr_in6);
        }
        *(struct sockaddr_in *) ret = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
                                                            .sin_addr.s_addr = htonl(a->family == AF_INET ? a->v4 : INADDR_ANY) };
        return sizeof(struct sockaddr_in);
}

/* Answers by udp leave with the address that was asked. */
static int set_options(int fd, const PortMap *p, PortScope scope, int family) {
        bool tcp = p->protocol == IPPROTO_TCP, all = scope == PORT_SCOPE_ALL && p->address.family == 0;
        int on = 1, r = 0;

        if (family == AF_INET6)
                r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ !all }, sizeof(int));
        /* What a connection of an earlier listener has left is in nobody's way; udp, where this would let others have the same port, has
         * no such thing. */
        if (r >= 0 && tcp)
                r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (r >= 0 && !tcp)
                r = family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on))
                                       : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
        if (r >= 0 && scope == PORT_SCOPE_ALL && !all) /* an address may come later */
                r = setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
        return r < 0 ? -errno : 0;
}

static bool has_loopback6(void) {
        struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        _cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        return fd >= 0 && bind(fd, (struct sockaddr *) &sa, sizeof(sa)) >= 0;
}

static int bind_socket(const PortMap *p, PortScope scope, bool has_ipv6, uint16_t port) {
        bool tcp = p->protocol == IPPROTO_TCP;
        struct sockaddr_storage sa;
        socklen_t size = place_of(p, scope, has_ipv6, port, &sa);
        _cleanup_close_ int fd = socket(sa.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r;

        if (fd < 0)
                return -errno;
        r = set_options(fd, p, scope, sa.ss_family);
        if (r < 0)
                return r;
        return bind(fd, (struct sockaddr *) &sa, size) < 0 ? -errno : TAKE_FD(fd);
}

bool port_is_relayed(const PortMap *p, PortScope scope) {
        return scope == PORT_SCOPE_ALL || (port_address_meets(&p->address, &loopback) && has_loopback6());
}

bool port_is_heard(const PortMap *p, PortScope scope) {
        int fd = bind_socket(p, scope, has_loopback6(), p->host);

        close_fd(fd);
        return fd == -EADDRINUSE;
}

void port_place_format(const PortMap *p, PortScope scope, uint16_t port, char ret[PORT_PLACE_MAX]) {
        const IpAddress *a = scope == PORT_SCOPE_LOOPBACK ? &loopback : &p->address;
        char address[PORT_ADDRESS_TEXT_MAX];

        port_address_format(a, address);
        snprintf(ret, PORT_PLACE_MAX, "%s%s%u/%s", address, *address ? ":" : "port ", port, protocol_to_string(p->protocol));
}

/* To a number of the upper ones. */
static int move_up(int fd) {
        int moved;

        if (fd < LOW_FDS)
                return fd;
        moved = fcntl(fd, F_DUPFD_CLOEXEC, PORT_FDS_BEGIN);
        if (moved < 0)
                moved = -errno;
        close_fd(fd);
        return moved;
}

static int listen_for_one(const PortMap *p, PortScope scope, bool has_ipv6, uint16_t port) {
        _cleanup_close_ int fd = bind_socket(p, scope, has_ipv6, port);

        if (fd < 0)
                return fd;
        /* What one connection can make the kernel keep; connections take it over from here. */
        (void) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ BUFFER }, sizeof(int));
        (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){ BUFFER }, sizeof(int));
        if (p->protocol == IPPROTO_TCP && listen(fd, SOMAXCONN) < 0)
                return -errno;
        return move_up(TAKE_FD(fd));
}

/* False: the limit is as it was. */
static bool raise_limit(struct rlimit *before) {
        struct rlimit raised;

        if (getrlimit(RLIMIT_NOFILE, before) < 0 || before->rlim_cur >= PORT_FDS_END)
                return false;
        raised = (struct rlimit){ PORT_FDS_END, before->rlim_max < PORT_FDS_END ? PORT_FDS_END : before->rlim_max };
        return setrlimit(RLIMIT_NOFILE, &raised) >= 0;
}

int port_listen(const PortMap *p, PortScope scope, int *fds, uint16_t *ret_failed) {
        struct rlimit before;
        bool raised = raise_limit(&before), has_ipv6 = has_loopback6();
        int first = 0;

        for (uint16_t i = 0; i < p->count; i++) {
                uint16_t port = (uint16_t) (p->host + i);
                int fd = listen_for_one(p, scope, has_ipv6, port);

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
