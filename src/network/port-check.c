/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Binding is the question that the kernel answers in one call, also about [::] sockets that take IPv4. It says no
 * too often, though: connections of the host's that happen to have that number at their own end, and ones that
 * are closing (TIME-WAIT), are no service that could be cut off. So only after a no is the table of sockets read; and for
 * a range first, once for all of its ports, since a thousand sockets to bind would take longer. Busy is a port that
 * both say is. */

#include "port-check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "fd.h"
#include "file.h"
#include "log.h"
#include "port-map.h"

#define SOCKET_TABLE_MAX (64U * 1024 * 1024)
#define TCP_STATE_LISTEN 0x0a /* as /proc/net/tcp writes it; UDP has 07 for a socket without a peer */
#define UDP_STATE_UNCONNECTED 0x07

/* A service of the host's that IPv4 packets may reach. */
typedef struct Service {
        uint32_t address; /* host byte order; 0: any */
        uint16_t port;
        unsigned long inode;
} Service;

static int try_bind(int protocol, uint32_t address, uint16_t port) {
        bool udp = protocol == IPPROTO_UDP;
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address) };
        _cleanup_close_ int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        return bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : 0;
}

/* An address as the tables have it: words of 32 bits in the host's byte order. False for one that IPv4 does not reach. */
static bool parse_address(const char *hex, uint32_t *ret) {
        static const char any[] = "00000000000000000000000000000000", mapped[] = "0000000000000000FFFF0000";
        const char *last = hex;

        if (strlen(hex) == strlen(any)) {
                if (strcmp(hex, any) != 0 && strncmp(hex, mapped, strlen(mapped)) != 0)
                        return false;
                last = hex + strlen(mapped);
        }
        *ret = ntohl((uint32_t) strtoul(last, NULL, 16));
        return true;
}

static bool parse_socket(const char *line, unsigned state, Service *ret) {
        char address[33];
        unsigned port, st;

        if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", address, &port, &st,
                   &ret->inode) != 4 || st != state || port > UINT16_MAX)
                return false;
        ret->port = (uint16_t) port;
        return parse_address(address, &ret->address);
}

static bool takes_from(const PortMap *p, const Service *s) {
        return s->port >= p->host && s->port - p->host < p->count && port_address_meets(&p->address, &(IpAddress){ .family = AF_INET, .v4 = s->address });
}

static bool process_has_socket(int proc, const char *pid, const char *link) {
        _cleanup_closedir_ DIR *dir = NULL;
        char path[64], target[64];

        snprintf(path, sizeof(path), "%.20s/fd", pid);
        dir = fd_opendir(proc, path);
        if (!dir)
                return false;
        for (struct dirent *d; (d = readdir(dir));) {
                ssize_t k = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);

                if (k <= 0)
                        continue;
                target[k] = 0;
                if (strcmp(target, link) == 0)
                        return true;
        }
        return false;
}

/* "nginx (pid 123)", or NULL where /proc does not show the owner. */
static char *socket_owner(unsigned long inode) {
        _cleanup_closedir_ DIR *proc = opendir("/proc");
        char link[48];

        snprintf(link, sizeof(link), "socket:[%lu]", inode);
        for (struct dirent *d; proc && (d = readdir(proc));) {
                _cleanup_free_ char *comm = NULL;
                char path[64], *text;

                if (d->d_name[strspn(d->d_name, "0123456789")] || !process_has_socket(dirfd(proc), d->d_name, link))
                        continue;
                snprintf(path, sizeof(path), "%.20s/comm", d->d_name);
                if (file_read(dirfd(proc), path, 256, &comm) < 0)
                        return NULL;
                comm[strcspn(comm, "\n")] = 0;
                return asprintf(&text, "%s (pid %s)", comm, d->d_name) < 0 ? NULL : text;
        }
        return NULL;
}

static int say_busy(const PortMap *p, const Service *s, Error **reterr) {
        _cleanup_free_ char *owner = socket_owner(s->inode);
        char address[PORT_ADDRESS_TEXT_MAX];

        port_address_format(&p->address, address);
        error_set(reterr, EADDRINUSE, "Port %s%s%u/%s of the host is used by %s", address, *address ? ":" : "", s->port,
                  protocol_to_string(p->protocol), owner ?: "another program");
        if (port_address_is_any(&p->address) && s->address != 0) /* as systemd-resolved's of 127.0.0.53 */
                return error_hint(reterr, -EADDRINUSE, "Stop it, or choose another port of the host, as HOST:MACHINE, or an address "
                                                       "that it does not listen on, as ADDR:HOST:MACHINE.");
        return error_hint(reterr, -EADDRINUSE, "Stop it, or choose another port of the host, as HOST:MACHINE.");
}

/* One of /proc/net's tables, for all ports of the protocol. */
static int check_table(const char *table, const PortList *ports, int protocol, Error **reterr) {
        unsigned state = protocol == IPPROTO_UDP ? UDP_STATE_UNCONNECTED : TCP_STATE_LISTEN;
        _cleanup_free_ char *text = NULL;
        char path[64], *save = NULL;
        Service s;
        int r;

        snprintf(path, sizeof(path), "/proc/thread-self/net/%s", table);
        r = file_read(AT_FDCWD, path, SOCKET_TABLE_MAX, &text);
        if (r == -ENOENT)
                return 0; /* a kernel without IPv6 */
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell which ports of the host are used: cannot read %s", path);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                if (!parse_socket(line, state, &s))
                        continue;
                for (const PortMap *p = ports->items; p < ports->items + ports->n; p++)
                        if (p->protocol == protocol && takes_from(p, &s) && try_bind(protocol, p->address.v4, s.port) == -EADDRINUSE)
                                return say_busy(p, &s, reterr);
        }
        return 0;
}

/* Whether the tables need be read for it. 0, 1 or an error. */
static int may_be_busy(const PortMap *p, Error **reterr) {
        int r;

        if (!port_address_is_of(&p->address, AF_INET))
                return 0;
        r = try_bind(p->protocol, p->address.v4, p->host);
        if (r == -EADDRNOTAVAIL)
                return 0; /* ports_warn_of_absent() says it */
        if (r < 0 && r != -EADDRINUSE)
                return error_errno(reterr, r, "Cannot tell whether port %u/%s is free", p->host, protocol_to_string(p->protocol));
        return r < 0 || p->count > 1;
}

static int check_twice(const PortList *ports, Error **reterr) {
        for (size_t i = 0; i < ports->n; i++)
                for (size_t j = 0; j < i; j++)
                        if (port_map_clash(ports->items + i, ports->items + j))
                                return error_set(reterr, EINVAL, "Port %u/%s of the host is published twice", ports->items[i].host,
                                                 protocol_to_string(ports->items[i].protocol));
        return 0;
}

void ports_warn_of_absent(const PortList *ports) {
        char address[PORT_ADDRESS_TEXT_MAX];

        for (const PortMap *p = ports->items; p < ports->items + ports->n; p++) {
                if (p->address.family != AF_INET || try_bind(p->protocol, p->address.v4, p->host) != -EADDRNOTAVAIL)
                        continue;
                port_address_format(&p->address, address);
                log_warning("%s is no address of the host's now: port %u/%s answers once it is, ignoring", address, p->host,
                            protocol_to_string(p->protocol));
        }
}

int ports_check(const PortList *ports, Error **reterr) {
        static const struct {
                const char *name;
                int protocol;
        } tables[] = { { "tcp", IPPROTO_TCP }, { "tcp6", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "udp6", IPPROTO_UDP } };
        bool tcp = false, udp = false;
        int r;

        r = check_twice(ports, reterr);
        for (size_t i = 0; r >= 0 && i < ports->n; i++) {
                r = may_be_busy(ports->items + i, reterr);
                if (r > 0)
                        *(ports->items[i].protocol == IPPROTO_UDP ? &udp : &tcp) = true;
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(tables); i++)
                if (tables[i].protocol == IPPROTO_UDP ? udp : tcp)
                        r = check_table(tables[i].name, ports, tables[i].protocol, reterr);
        return r < 0 ? r : 0;
}
