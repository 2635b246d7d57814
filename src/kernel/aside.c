/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "aside.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define SIZE ((size_t) 64 * 1024) /* two pages are touched */

/* At the lower end of its stack: who forgets it leaves both where they are. */
struct Aside {
        AsideWork work;
        int arguments[2], result;
        pid_t running; /* cleared by the kernel */
};

static int run(void *userdata) {
        Aside *a = userdata;

        a->result = a->work(a->arguments[0], a->arguments[1]);
        return 0;
}

int aside_begin(Aside **a, AsideWork work, int first, int second) {
        int flags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
        Aside *new;

        (void) aside_end(a);
        new = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        if (new == MAP_FAILED)
                return -ENOMEM;
        *new = (Aside){ .work = work, .arguments = { first, second } };
        *a = new;
        if (clone(run, (char *) new + SIZE, flags, new, &new->running, NULL, &new->running) < 0) {
                new->running = 0;
                (void) run(new);
        }
        return 0;
}

int aside_end(Aside **a) {
        Aside *old = *a;
        pid_t running;
        int r;

        if (!old)
                return 0;
        while ((running = __atomic_load_n(&old->running, __ATOMIC_ACQUIRE)) != 0)
                (void) syscall(SYS_futex, &old->running, FUTEX_WAIT, running, NULL);
        r = old->result;
        (void) munmap(old, SIZE);
        *a = NULL;
        return r;
}

static int close_it(int fd, int pidfd) {
        struct pollfd end = { .fd = pidfd, .events = POLLIN };

        while (pidfd >= 0 && poll(&end, 1, -1) < 0)
                ;
        if (pidfd >= 0)
                (void) close(pidfd);
        return close(fd) < 0 ? -EBADF : 0;
}

void aside_close(Aside **a, int fd) {
        if (fd >= 0 && aside_begin(a, close_it, fd, -1) < 0)
                close_fd(fd);
}

void aside_close_after(Aside **a, int fd, int pidfd) {
        int own;

        if (fd < 0)
                return;
        own = fcntl(pidfd, F_DUPFD_CLOEXEC, 3); /* the caller may close his meanwhile */
        if (own >= 0 && aside_begin(a, close_it, fd, own) >= 0)
                return;
        close_fd(own);
        close_fd(fd);
}
