/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listeners.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fd.h"
#include "file.h"
#include "parse.h"

#define TABLE_MAX (64U * 1024 * 1024)
#define TCP_STATE_LISTEN 0x0a /* as /proc/net/tcp writes it; UDP has 07 for a socket without a peer */
#define UDP_STATE_UNCONNECTED 0x07

#define HEX4 8 /* digits of an address */
#define HEX6 32

typedef struct ListenerList {
        Listener *items;
        size_t n;
} ListenerList;

/* An address as the tables have it: words of 32 bits in the host's byte order. */
static bool parse_address(const char *hex, IpAddress *ret) {
        struct in6_addr a;

        if (strlen(hex) == HEX4) {
                *ret = (IpAddress){ .family = AF_INET, .v4 = ntohl((uint32_t) strtoul(hex, NULL, 16)) };
                return true;
        }
        if (strlen(hex) != HEX6)
                return false;
        for (unsigned i = 0; i < 4; i++) {
                char word[HEX4 + 1];

                snprintf(word, sizeof(word), "%.8s", hex + (size_t) i * HEX4);
                a.s6_addr32[i] = (uint32_t) strtoul(word, NULL, 16);
        }
        if (IN6_IS_ADDR_V4MAPPED(&a))
                *ret = (IpAddress){ .family = AF_INET, .v4 = ntohl(a.s6_addr32[3]) };
        else
                *ret = IN6_IS_ADDR_UNSPECIFIED(&a) ? (IpAddress){} : ip_v6(&a);
        return true;
}

static bool parse_line(const char *line, unsigned state, Listener *ret) {
        char address[HEX6 + 1];
        unsigned port, st;

        if (sscanf(line, " %*u: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu", address, &port, &st,
                   &ret->inode) != 4 || st != state || port > UINT16_MAX)
                return false;
        ret->port = (uint16_t) port;
        return parse_address(address, &ret->address);
}

static int append(ListenerList *l, const Listener *listener) {
        Listener *grown = l->items;

        if ((l->n & (l->n - 1)) == 0) /* room for 2^k items: made when n has reached it */
                grown = reallocarray(l->items, l->n ? 2 * l->n : 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        l->items = grown;
        grown[l->n++] = *listener;
        return 0;
}

/* A kernel without IPv6 has no such table. */
static int read_table(const char *name, unsigned state, ListenerList *to) {
        _cleanup_free_ char *text = NULL;
        char path[64], *save = NULL;
        Listener listener;
        int r;

        snprintf(path, sizeof(path), "/proc/thread-self/net/%s", name);
        r = file_read(AT_FDCWD, path, TABLE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        for (char *line = strtok_r(text, "\n", &save); r >= 0 && line; line = strtok_r(NULL, "\n", &save))
                if (parse_line(line, state, &listener))
                        r = append(to, &listener);
        return r;
}

int listeners_read(int protocol, Listener **ret, size_t *ret_n) {
        bool udp = protocol == IPPROTO_UDP;
        unsigned state = udp ? UDP_STATE_UNCONNECTED : TCP_STATE_LISTEN;
        ListenerList list = {};
        int r;

        r = read_table(udp ? "udp" : "tcp", state, &list);
        if (r >= 0)
                r = read_table(udp ? "udp6" : "tcp6", state, &list);
        if (r < 0) {
                free(list.items);
                return r;
        }
        *ret = list.items;
        *ret_n = list.n;
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

bool listener_owner(unsigned long inode, ListenerOwner *ret) {
        _cleanup_closedir_ DIR *proc = opendir("/proc");
        char link[48];

        snprintf(link, sizeof(link), "socket:[%lu]", inode);
        for (struct dirent *d; proc && (d = readdir(proc));) {
                _cleanup_free_ char *comm = NULL;
                char path[64];
                pid_t pid;

                if (parse_pid(d->d_name, &pid) < 0 || !process_has_socket(dirfd(proc), d->d_name, link))
                        continue;
                snprintf(path, sizeof(path), "%.20s/comm", d->d_name);
                if (file_read(dirfd(proc), path, 256, &comm) < 0)
                        return false;
                comm[strcspn(comm, "\n")] = 0;
                snprintf(ret->comm, sizeof(ret->comm), "%s", comm);
                ret->pid = pid;
                return true;
        }
        return false;
}
