/* SPDX-License-Identifier: GPL-2.0-or-later */

/* callsdrive: which system calls the filter that it runs under lets through to the kernel, and with which error the others fail: one line
 * "ABI NUMBER NAME passes|ERROR" each, for x86-64, its x32 numbers and i386, and then for some arguments.
 *
 * No call is ever executed. A thread puts a filter of its own on top that hands what carries a mark in its sixth argument to a listener
 * (SECCOMP_RET_USER_NOTIF), which answers ECANCELED. An error counts more to the kernel than that: who is refused by the filter below never
 * gets to the listener, so ECANCELED says "let through", and everything else is that filter's own answer. */

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "seccomp-call.h"
#include "seccomp-filter.h"

#define MARK 0x6e626f78
#define NUMBERS 601
#define X32 0x40000000L

static const long wild[] = { 1000, 4000, 0xffff, 0xf0005, 0x3fffffff, 0x7fffffff, 0xffffffff };

static int listener = -1;
static pthread_barrier_t begun;

/* --- asking ------------------------------------------------------------------------------------------------------- */

static int make_listener(void) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[5])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARK, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

        return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static void *answer(void *unused _unused_) {
        pthread_barrier_wait(&begun);
        for (;;) {
                struct seccomp_notif asked = {};
                struct seccomp_notif_resp answered = { .error = -ECANCELED };

                if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
                        continue;
                answered.id = asked.id;
                (void) ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answered);
        }
        return NULL;
}

/* By hand, for the mark must be gone from its register when the C library makes its own calls. */
static int ask(long number, long a, long b, long c) {
        long r;

        __asm__ volatile("mov %5, %%r9d\n\txor %%r10d, %%r10d\n\txor %%r8d, %%r8d\n\tsyscall\n\txor %%r9d, %%r9d"
                         : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c), "i"(MARK) : "memory", "cc", "rcx", "r8", "r9", "r10", "r11");
        return r < 0 ? (int) -r : 0;
}

static int ask_i386(long number, long a, long b, long c) {
        int r;

        __asm__ volatile("sub $128, %%rsp\n\tpush %%rbp\n\tmov %5, %%ebp\n\tint $0x80\n\tpop %%rbp\n\tadd $128, %%rsp"
                         : "=a"(r) : "a"((int) number), "b"((int) a), "c"((int) b), "d"((int) c), "i"(MARK)
                         : "memory", "cc", "r8", "r9", "r10", "r11");
        return r < 0 ? -r : 0;
}

/* --- saying ------------------------------------------------------------------------------------------------------- */

static const char *verdict(int error) {
        return error == ECANCELED ? "passes" : error == 0 ? "is executed" : strerrorname_np(error);
}

static const char *name_of(int abi, long number) {
        for (size_t i = 0; i < ELEMENTSOF(filter_calls); i++)
                if (filter_calls[i].numbers[abi] == number)
                        return filter_calls[i].name;
        return NULL;
}

/* Numbers without a name are worth a line only where they are not what every unknown one is. */
static void try_number(const char *abi, int sibling, long number, int (*question)(long, long, long, long)) {
        const char *name = name_of(sibling, number);
        int error = question(number, 0, 0, 0);

        if (name || error != ENOSYS)
                printf("%s %ld %s %s\n", abi, number, name ?: "?", verdict(error));
}

static int ask_x32(long number, long a, long b, long c) {
        return ask(number | X32, a, b, c);
}

/* uretprobe and uprobe, which Linux asks no filter about from 6.11 on: the trampoline of a probe calls them, and who else does is killed. */
static bool is_of_probes(int sibling, long number) {
        return sibling == 0 && (number == 335 || number == 336);
}

static void try_abi(const char *abi, int sibling, int (*question)(long, long, long, long)) {
        for (long number = 0; number < NUMBERS; number++)
                if (!is_of_probes(sibling, number))
                        try_number(abi, sibling, number, question);
        for (size_t i = 0; i < ELEMENTSOF(wild); i++)
                try_number(abi, sibling, wild[i], question);
        printf("%s others ENOSYS\n", abi);
}

/* All of whose numbers are the same unknown ones. */
static void try_x32(void) {
        for (long number = 0; number < NUMBERS; number++)
                if (ask_x32(number, 0, 0, 0) != ENOSYS)
                        printf("x32 %ld %s\n", number, verdict(ask_x32(number, 0, 0, 0)));
        puts("x32 others ENOSYS");
}

static void try_families(const char *abi, long number, int (*question)(long, long, long, long)) {
        for (long family = 0; family < 64; family++) {
                int error = question(number, family, SOCK_DGRAM, 0);

                if (error != ECANCELED)
                        printf("%s socket(%ld) %s\n", abi, family, verdict(error));
        }
        printf("%s socket(others) passes\n", abi);
        printf("%s socket(NETLINK_AUDIT) %s\n", abi, verdict(question(number, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT)));
        printf("%s socket(NETLINK_ROUTE) %s\n", abi, verdict(question(number, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)));
}

static void try_arguments(void) {
        static const struct {
                const char *name;
                long number, a, b, c;
        } calls[] = {
                { "ioctl(TIOCSTI)", SYS_ioctl, 0, TIOCSTI, 0 },
                { "ioctl(TIOCSTI, high bits set)", SYS_ioctl, 0, TIOCSTI | 1L << 32, 0 },
                { "ioctl(TIOCLINUX)", SYS_ioctl, 0, TIOCLINUX, 0 },
                { "ioctl(TIOCSETD)", SYS_ioctl, 0, TIOCSETD, 0 },
                { "ioctl(TIOCGWINSZ)", SYS_ioctl, 0, TIOCGWINSZ, 0 },
                { "socket(AF_VSOCK, high bits set)", SYS_socket, AF_VSOCK | 1L << 40, SOCK_STREAM, 0 },
                { "clone(CLONE_NEWUSER)", SYS_clone, CLONE_NEWUSER, 0, 0 },
                { "unshare(CLONE_NEWUSER)", SYS_unshare, CLONE_NEWUSER, 0, 0 },
                { "setns(CLONE_NEWNS)", SYS_setns, -1, CLONE_NEWNS, 0 },
                { "personality(READ_IMPLIES_EXEC)", SYS_personality, READ_IMPLIES_EXEC, 0, 0 },
                { "personality(ADDR_NO_RANDOMIZE)", SYS_personality, ADDR_NO_RANDOMIZE, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(calls); i++)
                printf("x86-64 %s %s\n", calls[i].name, verdict(ask(calls[i].number, calls[i].a, calls[i].b, calls[i].c)));
        try_families("x86-64", SYS_socket, ask);
        try_families("i386", 359, ask_i386);
        printf("i386 socketcall(SYS_SOCKET) %s\n", verdict(ask_i386(102, 1, 0, 0)));
        printf("i386 ioctl(TIOCSTI) %s\n", verdict(ask_i386(54, 0, TIOCSTI, 0)));
}

static void *inquire(void *unused _unused_) {
        listener = make_listener();
        if (listener < 0) {
                perror("callsdrive: a listener");
                exit(EXIT_FAILURE);
        }
        pthread_barrier_wait(&begun);
        try_abi("x86-64", 0, ask);
        try_x32();
        try_abi("i386", 1, ask_i386);
        try_arguments();
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int main(void) {
        pthread_t listens, asks;

        if (pthread_barrier_init(&begun, NULL, 2) != 0 || pthread_create(&listens, NULL, answer, NULL) != 0 ||
            pthread_create(&asks, NULL, inquire, NULL) != 0) {
                perror("callsdrive: a thread");
                return EXIT_FAILURE;
        }
        pthread_join(asks, NULL);
        return EXIT_FAILURE;
}
