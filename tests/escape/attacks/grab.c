/* SPDX-License-Identifier: GPL-2.0-or-later */

/* grab: waits for each process that comes up in the machine and, while it is still that of a program from outside, tries all that gives one
 * process another's memory or descriptors, until /escape/enough is there. Prints what it was let do, and at last how many it has met. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define AHEAD 8 /* pids that are looked for at once */

/* What it is called is for everybody to see. */
static int is_from_outside(int pid) {
        static const char *const programs[] = { "nbox", "nsenter", "lxc-attach" };
        char path[64], name[32] = "";
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/comm", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
        if (fd >= 0)
                close(fd);
        for (size_t i = 0; n > 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
                if (strncmp(name, programs[i], strlen(programs[i])) == 0)
                        return 1;
        return 0;
}

static int opens(int pid, const char *what, int flags) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
        fd = open(path, flags | O_CLOEXEC);
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static int by_mem(int pid) { return opens(pid, "mem", O_RDWR); }
static int by_environ(int pid) { return opens(pid, "environ", O_RDONLY); }

/* A page that nobody has: EFAULT comes from who may, EPERM from who may not. */
static int vm(int pid, long call) {
        char byte = 0;
        struct iovec ours = { &byte, 1 }, theirs = { (void *) 16, 1 };

        return syscall(call, pid, &ours, 1UL, &theirs, 1UL, 0UL) >= 0 || errno == EFAULT;
}

static int by_vm_readv(int pid) { return vm(pid, SYS_process_vm_readv); }
static int by_vm_writev(int pid) { return vm(pid, SYS_process_vm_writev); }

static int by_pidfd_getfd(int pid) {
        int pidfd = (int) syscall(SYS_pidfd_open, pid, 0), got = 0;

        for (int i = 0; pidfd >= 0 && i < 10; i++) {
                int fd = (int) syscall(SYS_pidfd_getfd, pidfd, i, 0);

                if (fd >= 0)
                        close(fd);
                got |= fd >= 0;
        }
        if (pidfd >= 0)
                close(pidfd);
        return got;
}

static int by_ptrace(int pid) {
        if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
                return 0;
        if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
                waitpid(pid, NULL, __WALL);
        return 1;
}

static void try_all(int pid) {
        static const struct {
                const char *name;
                int (*try)(int pid);
        } ways[] = {
                { "mem", by_mem }, { "process_vm_writev", by_vm_writev }, { "process_vm_readv", by_vm_readv }, { "pidfd_getfd", by_pidfd_getfd },
                { "environ", by_environ }, { "ptrace", by_ptrace },
        };

        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
                if (ways[i].try(pid) && is_from_outside(pid)) /* still: so it was by then */
                        printf("grabbed by %s\n", ways[i].name);
        (void) ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

int main(void) {
        int last = getpid(), met = 0;

        while (access("/escape/enough", F_OK) < 0)
                for (int pid = last + 1; pid <= last + AHEAD; pid++) {
                        if (kill(pid, 0) < 0 && errno == ESRCH)
                                continue;
                        if (is_from_outside(pid)) {
                                met++;
                                while (is_from_outside(pid))
                                        try_all(pid);
                        }
                        last = pid;
                }
        printf("met %d\n", met);
        fflush(stdout);
        close(open("/escape/grabbed-all", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        return 0;
}
