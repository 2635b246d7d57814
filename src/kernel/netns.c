/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why a visit and not a child process: a setns(2) there and one back cost microseconds, a fork with its page
 * tables costs more than the whole veth pair. What must not happen is to stay abroad: everything after it (rules,
 * links, sockets) would hit the guest's namespace while meaning the host's. The way back is opened before leaving,
 * and a process that cannot return ends. */

#include "netns.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "file.h"
#include "process.h"

/* Enter `netns`; returns an fd that leads back, -1 in *ret_home when there is nothing to leave. */
static int visit(int netns, int *ret_home) {
        _cleanup_close_ int home = -1;

        if (netns >= 0) {
                home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
                if (home < 0)
                        return -errno;
                if (setns(netns, CLONE_NEWNET) < 0)
                        return -errno;
        }
        *ret_home = TAKE_FD(home);
        return 0;
}

static void come_home(int home) {
        if (home < 0)
                return;
        if (setns(home, CLONE_NEWNET) < 0)
                process_give_up("Cannot return to the host's network", errno);
        close_fd(home);
}

int netns_socket(int netns, int domain, int type, int protocol) {
        int home, fd, r;

        r = visit(netns, &home);
        if (r < 0)
                return r;
        fd = socket(domain, type | SOCK_CLOEXEC, protocol);
        if (fd < 0)
                fd = -errno;
        come_home(home);
        return fd;
}

int netns_open(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct statfs fs;

        if (fd < 0)
                return -errno;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        return fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET ? TAKE_FD(fd) : -EINVAL;
}

int netns_call(int netns, int (*call)(void *userdata), void *userdata) {
        int home, r;

        r = visit(netns, &home);
        if (r < 0)
                return r;
        r = call(userdata);
        come_home(home);
        return r;
}

int netns_loopback_up(int netns) {
        struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
        _cleanup_close_ int fd = netns_socket(netns, AF_INET, SOCK_DGRAM, 0);

        return fd < 0 ? fd : ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

int netns_try(int (*call)(void *userdata), void *userdata) {
        int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), r;

        if (home < 0)
                return -errno;
        /* Root of a user namespace that lives in a network of its host's could leave, and not come back. */
        if (setns(home, CLONE_NEWNET) < 0 || unshare(CLONE_NEWNET) < 0) {
                r = -errno;
                close_fd(home);
                return r;
        }
        r = call(userdata);
        come_home(home);
        return r;
}

static int sysctl_path(const char *path, char **ret) {
        if (asprintf(ret, "/proc/sys/net/%s", path) < 0)
                return -ENOMEM;
        return 0;
}

int netns_sysctl_write(int netns, const char *path, const char *value) {
        _cleanup_free_ char *p = NULL;
        int home, r;

        r = sysctl_path(path, &p);
        if (r < 0)
                return r;
        r = visit(netns, &home);
        if (r < 0)
                return r;
        r = file_write(AT_FDCWD, p, value);
        come_home(home);
        return r;
}

int netns_ipv6_write(int netns, const char *ifname, const Ipv6Setting *settings, size_t n) {
        _cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return proc < 0 ? -errno : netns_ipv6_write_by(proc, netns, ifname, settings, n);
}

int netns_ipv6_write_by(int proc, int netns, const char *ifname, const Ipv6Setting *settings, size_t n) {
        int home, r, result = 0;

        r = visit(netns, &home);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                char path[96];

                snprintf(path, sizeof(path), "sys/net/ipv6/conf/%.15s/%s", ifname, settings[i].key);
                r = file_write(proc, path, settings[i].value);
                if (r < 0 && result == 0)
                        result = r;
        }
        come_home(home);
        return result;
}

int netns_sysctl_read(const char *path, int *ret) {
        _cleanup_free_ char *p = NULL, *text = NULL;
        int r;

        r = sysctl_path(path, &p);
        if (r < 0)
                return r;
        r = file_read(AT_FDCWD, p, 64, &text);
        if (r < 0)
                return r;
        *ret = atoi(text);
        return 0;
}
