/* SPDX-License-Identifier: GPL-2.0-or-later */

/* abis: calls that reach beyond a machine, by the other entries that the kernel has on x86-64: int 0x80, with the numbers of i386, and the numbers of
 * x32. Prints as `attempt` does. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
        const char *name;
        long i386, x32; /* of the call */
} calls[] = {
        { "open_by_handle_at", 342, 304 },
        { "kexec_load", 283, 528 },
        { "add_key", 286, 248 },
        { "keyctl", 288, 250 },
        { "swapon", 87, 167 },
        { "init_module", 128, 175 },
        { "acct", 51, 163 },
        { "perf_event_open", 336, 298 },
        { "io_uring_setup", 425, 425 },
        { "userfaultfd", 374, 323 },
        { "clock_settime", 264, 227 },
};

#ifdef __x86_64__
static long by_interrupt(long number) {
        long r;

        __asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(-1L), "c"(0L), "d"(0L), "S"(0L), "D"(0L) : "memory");
        return r;
}
#else
static long by_interrupt(long number) {
        return -ENOSYS;
}
#endif

static void say(const char *how, const char *name, long r) {
        if (r >= 0 || (r != -EPERM && r != -ENOSYS && r != -EACCES))
                printf("%s:%s works\n", how, name);
        else
                printf("%s:%s: %s\n", how, name, strerror((int) -r));
        fflush(stdout);
}

int main(void) {
        for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
                long r;

                say("i386", calls[i].name, by_interrupt(calls[i].i386));
                r = syscall(0x40000000 | calls[i].x32, -1L, 0L, 0L, 0L, 0L);
                say("x32", calls[i].name, r < 0 ? -errno : r);
        }
        return 0;
}
