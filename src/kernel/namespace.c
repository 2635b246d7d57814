/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "file.h"
#include "process.h"

pid_t clone_into(uint64_t flags, int cgroup, int *ret_pidfd) {
        int pidfd = -1;
        struct clone_args args = {
                .flags = flags | CLONE_PIDFD,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, /* with CLONE_PARENT it is ours; else EINVAL */
        };
        long pid;

        if (cgroup >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                return -errno;
        if (pid > 0)
                *ret_pidfd = pidfd;
        return (pid_t) pid;
}

/* By system calls: setresuid(3) speaks for all threads. */
static int become(uid_t real, uid_t effective) {
        return syscall(SYS_setresuid, real, effective, (uid_t) -1) < 0 ? -errno : 0;
}

pid_t clone_as(uid_t owner, uint64_t flags, int cgroup, int *ret_pidfd) {
        int bits = prctl(PR_GET_SECUREBITS), dumpable = prctl(PR_GET_DUMPABLE);
        uid_t real = getuid(), effective = geteuid();
        pid_t pid;
        int r;

        if (bits < 0 || prctl(PR_SET_SECUREBITS, (unsigned long) bits | SECBIT_NO_SETUID_FIXUP) < 0)
                return -errno;
        r = become(owner, owner);
        pid = r < 0 ? r : clone_into(flags, cgroup, ret_pidfd);
        if (pid == 0)
                return 0; /* securebits begin anew in a user namespace */
        if (become(real, effective) < 0 || prctl(PR_SET_SECUREBITS, (unsigned long) bits) < 0)
                process_give_up("Cannot be root again", errno); /* CAP_SETUID and CAP_SETPCAP were just there */
        (void) prctl(PR_SET_DUMPABLE, dumpable == 1); /* a change of ids clears it */
        return pid;
}

typedef struct IdMap {
        IdPair user, group;
        uint32_t range;
        bool with_root; /* ROOT_ON_DISK is root outside */
} IdMap;

static int write_map(pid_t pid, const char *file, IdPair from, const IdMap *m) {
        char path[64], map[96];
        int n = snprintf(map, sizeof(map), "%u %u %u\n", from.inside, from.outside, m->range);

        snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, file);
        if (m->with_root)
                snprintf(map + n, sizeof(map) - (size_t) n, "%u 0 1\n", ROOT_ON_DISK);
        return file_write(AT_FDCWD, path, map);
}

static int write_maps(pid_t pid, const IdMap *m) {
        int r = write_map(pid, "uid_map", m->user, m);

        return r < 0 ? r : write_map(pid, "gid_map", m->group, m);
}

int userns_write_maps(pid_t pid, uid_t base, uint32_t range) {
        return write_maps(pid, &(IdMap){ { 0, base }, { 0, base }, range, false });
}

/* A namespace begins with a process in it, and lives on by our fd. */
static int userns_of(const IdMap *m) {
        _cleanup_close_ int pidfd = -1;
        pid_t pid = clone_into(CLONE_NEWUSER, -1, &pidfd);
        int r;

        if (pid < 0)
                return (int) pid;
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                        pause();
        }
        r = write_maps(pid, m);
        if (r >= 0)
                r = namespace_open(pid, "user");
        (void) kill(pid, SIGKILL); /* a child that is not yet waited for keeps its pid */
        (void) waitpid(pid, NULL, 0);
        return r;
}

int userns_of_range(uid_t inside, uid_t outside, uint32_t range) {
        return userns_of(&(IdMap){ { inside, outside }, { inside, outside }, range, false });
}

int userns_of_pair(IdPair user, IdPair group) {
        return userns_of(&(IdMap){ user, group, 1, false });
}

int userns_of_range_and_root(uid_t inside, uid_t outside, uint32_t range) {
        return userns_of(&(IdMap){ { inside, outside }, { inside, outside }, range, outside > 0 });
}

#define PIDFD_GET_NAMESPACE(number) _IO(0xff, number) /* <linux/pidfd.h>, named here so that older headers do */

int namespace_open_of(int pidfd, pid_t pid, const char *name) {
        static const struct {
                const char *name;
                unsigned long get;
        } kinds[] = { { "net", PIDFD_GET_NAMESPACE(4) }, { "pid", PIDFD_GET_NAMESPACE(5) }, { "user", PIDFD_GET_NAMESPACE(9) } };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                int fd = strcmp(kinds[i].name, name) == 0 ? ioctl(pidfd, kinds[i].get, 0) : -1; /* CLOEXEC */

                if (fd >= 0)
                        return fd;
        }
        return namespace_open(pid, name);
}

int namespace_open(pid_t pid, const char *name) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid, name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}
