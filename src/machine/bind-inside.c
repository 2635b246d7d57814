/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind-inside.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "clock.h"
#include "fd.h"
#include "bind-inside-child.h"
#include "namespace.h"
#include "pidfd.h"

void bind_inside_done(BindInside *in) {
        in->proc = close_fd(in->proc);
        in->root = close_fd(in->root);
        in->mounts = close_fd(in->mounts);
        in->users = close_fd(in->users);
}

static int has_ended(const BindInside *in, Error **reterr) {
        return error_set(reterr, ESRCH, "The machine '%s' has ended", in->name);
}

static int look(BindInside *in, pid_t leader) {
        char path[32];
        struct stat ours, theirs;

        snprintf(path, sizeof(path), "/proc/%d", (int) leader);
        in->proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (in->proc < 0)
                return -errno;
        in->root = openat(in->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        in->mounts = openat(in->proc, "ns/mnt", O_RDONLY | O_CLOEXEC);
        in->users = openat(in->proc, "ns/user", O_RDONLY | O_CLOEXEC);
        if (in->root < 0 || in->mounts < 0 || in->users < 0 || stat("/proc/self/ns/user", &ours) < 0 || fstat(in->users, &theirs) < 0)
                return -errno;
        if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
                in->users = close_fd(in->users);
        return pidfd_kill(in->leader_fd, 0);
}

int bind_inside_open(BindInside *in, const char *name, pid_t leader, int leader_fd, Error **reterr) {
        int r;

        *in = BIND_INSIDE_NONE;
        in->name = name;
        in->leader_fd = leader_fd;
        r = look(in, leader);
        if (r >= 0)
                return 0;
        bind_inside_done(in);
        return r == -ESRCH || r == -ENOENT ? has_ended(in, reterr) : error_errno(reterr, r, "Cannot look into machine '%s'", name);
}

/* ---- helpers ---- */

typedef struct Helper {
        pid_t pid;
        int pidfd, sock;
        bool stuck; /* it did not answer */
} Helper;

#define HELPER_NONE (Helper){ .pidfd = -1, .sock = -1 }

/* One that hangs in the machine's file system may not be ended at once, even by SIGKILL: then it is not waited for. */
static void helper_done(Helper *h) {
        close_fd(h->sock);
        if (h->pid > 0) {
                (void) pidfd_kill(h->pidfd, SIGKILL);
                while (waitpid(h->pid, NULL, h->stuck ? WNOHANG : 0) < 0 && errno == EINTR)
                        ;
        }
        close_fd(h->pidfd);
}

static int helper_start(const BindInside *in, BindTask *task, Helper *ret, Error **reterr) {
        int pair[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        task->root = in->root;
        task->mounts = in->mounts;
        task->users = in->users;
        task->sock = pair[1];
        pid = clone_into(0, -1, &ret->pidfd);
        if (pid == 0)
                bind_inside_child(task);
        close_fd(pair[1]);
        if (pid < 0) {
                close_fd(pair[0]);
                return error_errno(reterr, (int) pid, "Cannot start a process");
        }
        ret->pid = pid;
        ret->sock = pair[0];
        return 0;
}

static int does_not_answer(const BindInside *in, Helper *h, Error **reterr) {
        h->stuck = true;
        error_set(reterr, ETIMEDOUT, "The machine '%s' has kept us waiting for %u s", in->name, (unsigned) (BIND_WAIT_USEC / 1000000));
        return error_hint(reterr, -ETIMEDOUT, "A file system of its own that does not answer stands there, or it keeps that directory locked.");
}

/* The next message, and the fd that came with it. */
static int helper_hear(const BindInside *in, Helper *h, BindMessage *ret, int *ret_fd, Error **reterr) {
        uint64_t end = clock_deadline(BIND_WAIT_USEC), now;
        size_t n = ret_fd ? 1 : 0;
        ssize_t k;

        while ((now = clock_usec(CLOCK_MONOTONIC)) < end)
                if (poll(&(struct pollfd){ .fd = h->sock, .events = POLLIN }, 1, (int) ((end - now) / 1000 + 1)) > 0)
                        break;
        if (now >= end)
                return does_not_answer(in, h, reterr);
        k = fd_recv(h->sock, ret, sizeof(*ret), ret_fd, &n);
        if (k != sizeof(*ret))
                return error_set(reterr, EPROTO, "The process that was to enter machine '%s' has ended before its time", in->name);
        if (ret->result >= 0)
                return 0;
        if (ret->result == -ESRCH)
                return has_ended(in, reterr);
        return ret->entering ? error_errno(reterr, ret->result, "Cannot enter the namespaces of machine '%s'", in->name) : ret->result;
}

/* What the helper's own work failed by has no Error yet. */
static bool is_untold(const BindMessage *m, int r) {
        return r < 0 && m->result == r && !m->entering && r != -ESRCH;
}

/* ---- what is done ---- */

static int no_place(const BindPlace *place, int r, Error **reterr) {
        error_errno(reterr, r, place->make ? "Cannot make %s in the machine" : "Cannot mount on %s in the machine", place->path);
        if (r == -ENOENT && !place->make)
                error_hint(reterr, r, "--mkdir makes it.");
        return r;
}

int bind_inside_find(const BindInside *in, const BindPlace *place, Error **reterr) {
        BindTask task = { .what = BIND_TASK_FIND, .path = place->path, .directory = place->directory, .make = place->make };
        _cleanup_(helper_done) Helper h = HELPER_NONE;
        BindMessage m = {};
        int fd = -1, r;

        r = helper_start(in, &task, &h, reterr);
        if (r >= 0)
                r = helper_hear(in, &h, &m, &fd, reterr);
        if (is_untold(&m, r))
                return no_place(place, r, reterr);
        if (r >= 0 && fd < 0)
                return error_set(reterr, EPROTO, "Cannot open %s in the machine", place->path);
        return r < 0 ? r : fd;
}

int bind_inside_mount(const BindInside *in, const BindMounting *mount, Error **reterr) {
        BindTask task = { .what = BIND_TASK_MOUNT, .mount = mount->mount, .place = mount->place };
        _cleanup_(helper_done) Helper h = HELPER_NONE;
        BindMessage m = {};
        int r;

        r = helper_start(in, &task, &h, reterr);
        if (r >= 0)
                r = helper_hear(in, &h, &m, NULL, reterr);
        if (is_untold(&m, r))
                return error_errno(reterr, r, "Cannot prepare the mount for machine '%s'", in->name);
        if (r >= 0)
                r = mount->about(m.mount_id, h.pid, mount->userdata, reterr);
        if (r < 0)
                return r;
        m = (BindMessage){};
        r = fd_send(h.sock, "", 1, NULL, 0);
        r = r < 0 ? error_errno(reterr, r, "Cannot speak with the process that mounts") : helper_hear(in, &h, &m, NULL, reterr);
        if (is_untold(&m, r))
                return error_errno(reterr, r, "Cannot mount it in machine '%s'", in->name);
        return r < 0 ? r : pidfd_kill(in->leader_fd, 0) < 0 ? has_ended(in, reterr) : 0;
}

int bind_inside_unmount(const BindInside *in, int fd, Error **reterr) {
        BindTask task = { .what = BIND_TASK_UNMOUNT, .mount = fd };
        _cleanup_(helper_done) Helper h = HELPER_NONE;
        BindMessage m = {};
        int r;

        r = helper_start(in, &task, &h, reterr);
        if (r >= 0)
                r = helper_hear(in, &h, &m, NULL, reterr);
        return is_untold(&m, r) ? error_errno(reterr, r, "Cannot unmount it in machine '%s'", in->name) : r;
}
