/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Binding is the question that the kernel answers in one call, also about [::] sockets that take IPv4. It says no
 * too often, though: connections of the host's that happen to have that number at their own end, and ones that
 * are closing (TIME-WAIT), are no service that could be cut off. So only after a no is the table of sockets read. */

#include "ports.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "fd.h"
#include "file.h"

#define SOCKET_TABLE_MAX (64U * 1024 * 1024)
#define TCP_STATE_LISTEN 0x0a /* as /proc/net/tcp writes it; UDP has 07 for a socket without a peer */
#define UDP_STATE_UNCONNECTED 0x07

static int try_bind(const PortMap *p) {
        bool udp = p->protocol == IPPROTO_UDP;
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(p->host) };
        _cleanup_close_ int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        return bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 ? -errno : 0;
}

/* Look for a service on the port in one of /proc/net's tables. Returns its inode (> 0), or 0. */
static unsigned long find_socket(const char *table, const PortMap *p) {
        unsigned state = p->protocol == IPPROTO_UDP ? UDP_STATE_UNCONNECTED : TCP_STATE_LISTEN;
        _cleanup_free_ char *path = NULL, *text = NULL;
        char *save = NULL;

        if (asprintf(&path, "/proc/thread-self/net/%s", table) < 0 ||
            file_read(AT_FDCWD, path, SOCKET_TABLE_MAX, &text) < 0)
                return 0;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                unsigned port, st;
                unsigned long inode;

                if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", &port, &st,
                           &inode) == 3 && port == p->host && st == state)
                        return inode ?: 1;
        }
        return 0;
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

static int check_one(const PortMap *p, Error **reterr) {
        static const char *const tables[][2] = { { "tcp", "tcp6" }, { "udp", "udp6" } };
        const char *const *pair = tables[p->protocol == IPPROTO_UDP];
        _cleanup_free_ char *owner = NULL;
        unsigned long inode;
        int r;

        r = try_bind(p);
        if (r != -EADDRINUSE)
                return r >= 0 ? 0 : error_errno(reterr, r, "Cannot tell whether port %u/%s is free", p->host,
                                                protocol_to_string(p->protocol));
        inode = find_socket(pair[0], p) ?: find_socket(pair[1], p);
        if (inode == 0)
                return 0;
        owner = socket_owner(inode);
        error_set(reterr, EADDRINUSE, "Port %u/%s of the host is used by %s", p->host, protocol_to_string(p->protocol),
                  owner ?: "another program");
        return error_hint(reterr, -EADDRINUSE, "Stop it, or choose another one with --port=HOST:MACHINE.");
}

int ports_check(const PortList *list, Error **reterr) {
        const PortMap *ports = list->items;

        for (size_t i = 0; i < list->n; i++) {
                int r;

                for (size_t j = 0; j < i; j++)
                        if (ports[i].protocol == ports[j].protocol && ports[i].host == ports[j].host)
                                return error_set(reterr, EINVAL, "Port %u/%s of the host is published twice",
                                                 ports[i].host, protocol_to_string(ports[i].protocol));
                r = check_one(ports + i, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
