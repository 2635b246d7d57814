/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfork.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define GUARD_SIZE ((size_t) 64 * 1024) /* a page, of whatever size the host has */

static size_t round_up(size_t bytes) {
        return (bytes + GUARD_SIZE - 1) & ~(GUARD_SIZE - 1);
}

int vfork_stacks_make(size_t first, size_t second, VforkStack ret[2]) {
        VforkStack a = { .size = round_up(first) }, b = { .size = round_up(second) };
        size_t size = GUARD_SIZE + a.size + b.size;
        char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

        if (p == MAP_FAILED)
                return -ENOMEM;
        if (mprotect(p, GUARD_SIZE, PROT_NONE) < 0) {
                (void) munmap(p, size);
                return -ENOMEM;
        }
        a.begin = p + GUARD_SIZE;
        b.begin = p + GUARD_SIZE + a.size;
        ret[0] = a;
        ret[1] = b;
        return 0;
}

void vfork_stacks_done(VforkStack stacks[2]) {
        if (stacks[0].begin)
                (void) munmap((char *) stacks[0].begin - GUARD_SIZE, GUARD_SIZE + stacks[0].size + stacks[1].size);
        stacks[0] = stacks[1] = (VforkStack){};
}

#ifdef __x86_64__
bool vfork_is_there(void) {
        return true;
}

/* clone3(2), for which the C library has no function. The child comes back from it on a stack that is empty, so it goes on right here. */
static long clone3_run(struct clone_args *args, int (*run)(void *data), void *data) {
        register int (*child_run)(void *) __asm__("r12") = run;
        register void *child_data __asm__("r13") = data;
        long r = SYS_clone3;

        __asm__ volatile("syscall\n\t"
                         "testq %%rax, %%rax\n\t"
                         "jnz 1f\n\t"
                         "xorl %%ebp, %%ebp\n\t"
                         "movq %%r13, %%rdi\n\t"
                         "callq *%%r12\n\t"
                         "hlt\n"
                         "1:"
                         : "+a"(r)
                         : "D"(args), "S"(sizeof(*args)), "r"(child_run), "r"(child_data)
                         : "rcx", "r11", "cc", "memory");
        return r;
}
#else
bool vfork_is_there(void) {
        return false;
}

static long clone3_run(struct clone_args *args, int (*run)(void *data), void *data) {
        (void) args;
        (void) run;
        (void) data;
        return -ENOSYS;
}
#endif

pid_t vfork_into(int cgroup, const VforkStack *stack, int (*run)(void *data), void *data) {
        struct clone_args args = {
                .flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND,
                .exit_signal = SIGCHLD,
                .stack = (uint64_t) (uintptr_t) stack->begin,
                .stack_size = stack->size,
        };

        if (cgroup >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup;
        }
        return (pid_t) clone3_run(&args, run, data);
}

pid_t vfork_beside(const VforkStack *stack, int (*run)(void *data), void *data, pid_t *ret_pid) {
        int pid = clone(run, (char *) stack->begin + stack->size, CLONE_PARENT | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID, data, ret_pid);

        return pid < 0 ? -errno : pid;
}
