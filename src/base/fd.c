/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define FEW_FDS 256 /* for all else */

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size) {
        _cleanup_free_ char *buf = NULL;
        size_t n = 0, space = 0;

        for (;;) {
                ssize_t k;

                if (n + 1 >= space) {
                        size_t want = space ? space * 2 : 4096;
                        char *p;

                        if (want > max + 2)
                                want = max + 2;
                        p = realloc(buf, want);
                        if (!p)
                                return -ENOMEM;
                        buf = p;
                        space = want;
                }
                k = read(fd, buf + n, space - n - 1);
                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (k == 0)
                        break;
                n += (size_t) k;
                if (n > max)
                        return -EFBIG;
        }
        buf[n] = 0;
        if (ret_size)
                *ret_size = n;
        *ret = TAKE_PTR(buf);
        return 0;
}

int fd_write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t k = write(fd, p, size);

                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        if (errno != EAGAIN)
                                return -errno;
                        if (poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1) < 0 && errno != EINTR)
                                return -errno;
                        continue;
                }
                p += k;
                size -= (size_t) k;
        }
        return 0;
}

int fd_set_nonblock(int fd, bool on) {
        int flags = fcntl(fd, F_GETFL), want;

        if (flags < 0)
                return -errno;
        want = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        if (want != flags && fcntl(fd, F_SETFL, want) < 0)
                return -errno;
        return 0;
}

int fd_reopen(int fd, int flags) {
        char path[32];
        int again;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        again = open(path, flags | O_NOCTTY | O_CLOEXEC);
        return again < 0 ? -errno : again;
}

bool fd_is_place(int fd) {
        int flags = fcntl(fd, F_GETFL);
        struct stat st;

        return flags >= 0 && ((flags & O_PATH) || (fstat(fd, &st) >= 0 && S_ISDIR(st.st_mode)));
}

void fd_make_room(size_t n) {
        struct rlimit limit;
        rlim_t wanted = n < RLIM_INFINITY - FEW_FDS ? n + FEW_FDS : RLIM_INFINITY;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
                return;
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

int fd_path(int fd, char **ret) {
        char link[32], target[PATH_MAX];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = 0;
        if (target[0] != '/')
                return -ESTALE;
        *ret = strdup(target);
        return *ret ? 0 : -ENOMEM;
}

DIR *fd_into_dir(int fd) {
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

        if (!d)
                close_fd(fd);
        return d;
}

DIR *fd_opendir(int dir, const char *name) {
        return fd_into_dir(openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

struct dirent *fd_readdir(DIR *dir, int *ret) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (!entry && errno != 0)
                *ret = -errno;
        return entry;
}

int fd_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds) {
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
        } control = {};
        struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

        if (n_fds > FD_PASS_MAX)
                return -E2BIG;
        if (n_fds > 0) {
                struct cmsghdr *c;

                m.msg_control = &control;
                m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                c = CMSG_FIRSTHDR(&m);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
                memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
        }
        for (;;) {
                if (sendmsg(sock, &m, MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

ssize_t fd_recv(int sock, void *data, size_t size, int *fds, size_t *n_fds) {
        union {
                struct cmsghdr h;
                char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
        } control = {};
        struct iovec iov = { .iov_base = data, .iov_len = size };
        struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
        size_t room = n_fds ? *n_fds : 0, got = 0;
        bool surplus = false;
        ssize_t k;

        do
                k = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
        while (k < 0 && errno == EINTR);
        if (k < 0)
                return -errno;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                size_t n;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (got < room)
                                fds[got++] = fd;
                        else {
                                close_fd(fd);
                                surplus = true;
                        }
                }
        }
        if (surplus || (m.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
                for (size_t i = 0; i < got; i++)
                        close_fd(fds[i]);
                return -EBADMSG;
        }
        if (n_fds)
                *n_fds = got;
        return k;
}

/* Fill an address that names `path` through an fd on its directory, for sun_path holds 108 bytes only. */
static int unix_address(const char *path, struct sockaddr_un *sa, int *ret_dir) {
        const char *slash = strrchr(path, '/');
        _cleanup_free_ char *dir = NULL;
        int fd, n;

        if (!slash)
                return -EINVAL;
        dir = strndup(path, (size_t) (slash - path));
        if (!dir)
                return -ENOMEM;
        fd = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
        n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", fd, slash + 1);
        if (n >= (int) sizeof(sa->sun_path)) {
                close_fd(fd);
                return -ENAMETOOLONG;
        }
        *ret_dir = fd;
        return 0;
}

int unix_connect(const char *path, int type) {
        _cleanup_close_ int fd = -1, dir = -1;
        struct sockaddr_un sa;
        int r;

        r = unix_address(path, &sa, &dir);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int unix_listen(const char *path, int type, mode_t mode) {
        _cleanup_close_ int fd = -1, dir = -1;
        struct sockaddr_un sa;
        int r;

        r = unix_address(path, &sa, &dir);
        if (r < 0)
                return r;
        fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        if (fchmod(fd, mode) < 0) /* the mode that bind() gives the socket's inode */
                return -errno;
        if (bind(fd, (struct sockaddr *) &sa, sizeof(sa)) < 0 || listen(fd, 64) < 0)
                return -errno;
        return TAKE_FD(fd);
}
