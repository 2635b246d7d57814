/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the tree of cases/self_exe.sh has for an ELF loader. The kernel runs it in place of a program of the host's that is executed
 * inside: it opens that program, and hands it over to `overwrite`. Without a libc, for a loader finds the auxiliary vector
 * of another program. */

#include <fcntl.h>
#include <sys/syscall.h>

static long call(long number, long a, long b, long c) {
        long r;

#if defined(__x86_64__)
        __asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
        register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = 0;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
        r = x0;
#endif
        return r;
}

/* As the ABI wants the stack of a function. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start: call begin");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: bl begin");
#endif

__attribute__((used)) void begin(void);
void begin(void) {
        static const char program[] = "/escape/overwrite", exe[] = "/proc/self/exe", digits[] = "0123456789";
        char fd[2] = {};
        const char *argv[] = { program, fd, 0 };
#ifdef SYS_open
        long opened = call(SYS_open, (long) exe, O_RDONLY, 0);
#else
        long opened = call(SYS_openat, AT_FDCWD, (long) exe, O_RDONLY);
#endif

        fd[0] = digits[opened < 0 || opened > 9 ? 9 : opened];
        call(SYS_execve, (long) program, (long) argv, 0);
        call(SYS_exit, 1, 0, 0);
}
