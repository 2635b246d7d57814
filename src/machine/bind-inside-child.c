/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bind-inside-child.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "exit-status.h"
#include "fd.h"
#include "mount.h"
#include "mount-table.h"
#include "path.h"
#include "process.h"

/* Who looks for a place does so as the machine's root, in its user and mount namespace, below its root, and holds nothing of the host's. Who
 * mounts holds the mount and a place, and looks for nothing.
 *
 * What is mounted into a machine with users of its own must be locked as what it began with is: or root inside, who may do what he likes
 * with the mounts of his namespace, makes a read-only one writable, or takes away a mount that hides what is below. The kernel locks mounts
 * when a mount namespace is copied for another user namespace (mount_namespaces(7)), and at no other time. So the mount is put into a
 * namespace of the helper's, and that copied as the machine's users: a clone of the copy keeps the locks of its flags and of all in
 * it, but is not locked to its place itself. */

enum { ROOT_FD = 3, MOUNTS_FD, USERS_FD, SOCK_FD, MOUNT_FD, PLACE_FD, FIRST_UNUSED_FD };

#define STAGE "mount" /* in a file system of our own */

static _Noreturn void answer(BindMessage m, int fd) {
        (void) fd_send(SOCK_FD, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0);
        _exit(m.result < 0 ? EXIT_OWN_FAILURE : 0);
}

static _Noreturn void fail(int r) {
        answer((BindMessage){ .result = r }, -1);
}

static _Noreturn void fail_to_enter(int r) {
        answer((BindMessage){ .result = r, .entering = true }, -1);
}

/* Only what is needed, at numbers known beforehand; all are moved out of the way first. */
static void arrange_fds(const BindTask *t) {
        const int want[] = { [ROOT_FD] = t->what == BIND_TASK_FIND ? t->root : -1, [MOUNTS_FD] = t->mounts, [USERS_FD] = t->users, [SOCK_FD] = t->sock,
                             [MOUNT_FD] = t->what == BIND_TASK_FIND ? -1 : t->mount, [PLACE_FD] = t->what == BIND_TASK_MOUNT ? t->place : -1 };
        int from[FIRST_UNUSED_FD];

        for (int i = ROOT_FD; i < FIRST_UNUSED_FD; i++) {
                from[i] = want[i] < 0 ? -1 : fcntl(want[i], F_DUPFD_CLOEXEC, FIRST_UNUSED_FD);
                if (want[i] >= 0 && from[i] < 0)
                        _exit(EXIT_OWN_FAILURE);
        }
        (void) close_range(0, FIRST_UNUSED_FD - 1, 0);
        for (int i = ROOT_FD; i < FIRST_UNUSED_FD; i++)
                if (from[i] >= 0 && dup3(from[i], i, O_CLOEXEC) < 0)
                        _exit(EXIT_OWN_FAILURE);
        (void) close_range(FIRST_UNUSED_FD, ~0U, 0);
}

/* A change of credentials clears both. Who waits may have ended just before: then there is nobody to speak to. */
static void tie_to_parent(void) {
        char none;

        (void) prctl(PR_SET_DUMPABLE, 0);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || recv(SOCK_FD, &none, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
                _exit(EXIT_OWN_FAILURE);
}

/* By their own descriptors: to name them by the leader's pidfd takes rights over the leader, which who has joined the machine's users has not
 * before its init is executed (setns(2)). */
static void join(int namespace, int kind) {
        if (setns(namespace, kind) < 0)
                fail_to_enter(-errno);
        tie_to_parent();
}

/* ---- finding a place ---- */

static void become_root_inside(void) {
        if (setgroups(0, NULL) < 0 && errno != EPERM)
                fail_to_enter(-errno);
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                fail_to_enter(-errno);
        tie_to_parent();
}

static int find(const BindTask *t) {
        _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (root < 0)
                return -errno;
        if (t->make)
                return t->directory ? mkdir_in_root(root, t->path) : create_in_root(root, t->path);
        return open_in_root(root, t->path, O_PATH | (t->directory ? O_DIRECTORY : 0), 0);
}

static _Noreturn void find_place(const BindTask *t) {
        int fd;

        if (t->users >= 0)
                join(USERS_FD, CLONE_NEWUSER);
        join(MOUNTS_FD, CLONE_NEWNS);
        if (fchdir(ROOT_FD) < 0 || chroot(".") < 0 || chdir("/") < 0)
                fail_to_enter(-errno);
        close_fd(ROOT_FD);
        if (t->users >= 0)
                become_root_inside();
        (void) umask(022);
        fd = find(t);
        answer((BindMessage){ .result = fd < 0 ? fd : 0 }, fd);
}

/* ---- mounting ---- */

/* A directory or a file that the mount can stand on, in a directory that nobody else has and that becomes the working directory,
 * to be searched by who is nobody there. */
static int make_stage(const struct stat *like) {
        _cleanup_close_ int fs = mount_new("tmpfs", "mode=0755", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), root = -1;
        int r, fd;

        if (fs < 0)
                return fs;
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return -errno;
        r = mount_attach(fs, root);
        if (r < 0)
                return r;
        if (fchdir(fs) < 0)
                return -errno;
        r = S_ISDIR(like->st_mode) ? mkdirat(fs, STAGE, 0755) : mknodat(fs, STAGE, S_IFREG | 0644, 0);
        if (r < 0)
                return -errno;
        fd = openat(fs, STAGE, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* A copy of the mount with locks on it. */
static int lock_mount(int mount) {
        _cleanup_close_ int stage = -1;
        struct stat st;
        int r = mount_own_namespace();

        if (r < 0)
                return r;
        if (fstat(mount, &st) < 0)
                return -errno;
        stage = make_stage(&st);
        r = stage < 0 ? stage : mount_attach(mount, stage);
        if (r < 0)
                return r;
        join(USERS_FD, CLONE_NEWUSER);
        if (unshare(CLONE_NEWNS) < 0) /* the working directory goes along */
                return -errno;
        return mount_clone(AT_FDCWD, STAGE, true);
}

static _Noreturn void mount_it(const BindTask *t) {
        int mount = t->users >= 0 ? lock_mount(MOUNT_FD) : MOUNT_FD;
        BindMessage m = { .result = mount < 0 ? mount : 0 };
        char go;

        if (m.result >= 0)
                m.result = mount_id_of(mount, &m.mount_id);
        if (m.result < 0)
                answer(m, -1);
        if (fd_send(SOCK_FD, &m, sizeof(m), NULL, 0) < 0 || recv(SOCK_FD, &go, 1, 0) != 1)
                _exit(EXIT_OWN_FAILURE);
        join(MOUNTS_FD, CLONE_NEWNS);
        m.result = mount_attach(mount, PLACE_FD);
        answer(m, -1);
}

/* ---- unmounting ---- */

/* umount2(2) takes a path, and a file is no working directory: so by the link of our own descriptor, which leads to the mount itself,
 * wherever the machine has it by now. */
static _Noreturn void unmount(void) {
        _cleanup_close_ int fds = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char name[16];

        if (fds < 0)
                fail(-errno);
        snprintf(name, sizeof(name), "%d", MOUNT_FD);
        join(MOUNTS_FD, CLONE_NEWNS);
        if (fchdir(fds) < 0 || umount2(name, MNT_DETACH) < 0)
                fail(-errno);
        answer((BindMessage){}, -1);
}

_Noreturn void bind_inside_child(const BindTask *t) {
        arrange_fds(t);
        tie_to_parent();
        process_forget_environment();
        switch (t->what) {
        case BIND_TASK_FIND:
                find_place(t);
        case BIND_TASK_MOUNT:
                mount_it(t);
        case BIND_TASK_UNMOUNT:
                unmount();
        }
        _exit(EXIT_OWN_FAILURE);
}
