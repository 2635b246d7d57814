/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs while nbox is built, and writes seccomp-rules.def as BPF programs in C. Building a filter at each start with libseccomp
 * costs 0.4 ms and a library to load; the result never differs, so it is made once.
 *
 * A program has two parts. What is refused by argument (default: pass) is libseccomp's; each "pass" of it becomes a jump to the
 * second part, since libseccomp cannot say "this value fails, all others pass" in a filter whose default is to fail. The second
 * part, which calls there are (default: ENOSYS), is a search over ranges of numbers, of which there are few: libseccomp
 * compares with each number, and the kernel then takes 270 instead of 110 microseconds for each start of a machine to
 * check, translate and cache the program.
 *
 * The architecture is the build's target; its 32-bit sibling gets the same rules by name. x32 calls are numbers beyond all ranges,
 * and get ENOSYS as from a kernel that is built without them. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef AF_MCTP
#define AF_MCTP 45
#endif

enum Kind { KIND_ALLOW, KIND_REFUSE, KIND_OF_THE_HOST, KIND_ARGUMENT };

struct Rule {
        enum Kind kind;
        const char *name;
        int number; /* -1: libseccomp must know the name, on this or another architecture */
        int error;
        unsigned n_arguments;
        struct {
                unsigned index;
                uint32_t value;
        } arguments[2];
};

#define ALLOW(name) { KIND_ALLOW, #name, -1 },
#define ALLOW_NR(name, number) { KIND_ALLOW, #name, number },
#define REFUSE(name, error) { KIND_REFUSE, #name, -1, error },
#define OF_THE_HOST(name) { KIND_OF_THE_HOST, #name, -1, EPERM },
#define REFUSE_ARGUMENT(name, i, v, error) { KIND_ARGUMENT, #name, -1, error, 1, { { i, v } } },
#define REFUSE_ARGUMENTS(name, i, v, j, w, error) { KIND_ARGUMENT, #name, -1, error, 2, { { i, v }, { j, w } } },
static const struct Rule rules[] = {
#include "seccomp-rules.def"
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static const struct Architecture {
        const char *family; /* meson's host_machine.cpu_family() */
        uint32_t arch, compat;
        bool multiplexed;   /* socket calls of the 32-bit one go by socketcall(2): no arguments to look at */
} architectures[] = {
        { "x86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86, true },
        { "x86", SCMP_ARCH_X86, 0, true },
        { "aarch64", SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
        { "arm", SCMP_ARCH_ARM },
        { "riscv64", SCMP_ARCH_RISCV64 },
};

#define PROGRAM_MAX BPF_MAXINSNS

struct Program {
        struct sock_filter code[PROGRAM_MAX];
        size_t n;
};

_Noreturn static void die(const char *what, int r) {
        fprintf(stderr, "seccomp-gen: %s: %s\n", what, strerror(r < 0 ? -r : r));
        exit(EXIT_FAILURE);
}

static void check(int r, const char *what) {
        if (r < 0)
                die(what, r);
}

/* --- refused by argument ------------------------------------------------------------------------------------------ */

static void add_argument_rule(scmp_filter_ctx ctx, const struct Rule *rule) {
        struct scmp_arg_cmp compare[2];

        for (unsigned i = 0; i < rule->n_arguments; i++)
                compare[i] = SCMP_CMP(rule->arguments[i].index, SCMP_CMP_MASKED_EQ, UINT32_MAX, rule->arguments[i].value);
        check(seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(rule->error), seccomp_syscall_resolve_name(rule->name),
                                     rule->n_arguments, compare), rule->name);
}

static scmp_filter_ctx argument_filter(uint32_t arch, bool sockets) {
        scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

        if (!ctx)
                die("seccomp_init", ENOMEM);
        check(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "bad architecture's action");
        if (arch != seccomp_arch_native()) {
                check(seccomp_arch_add(ctx, arch), "architecture");
                check(seccomp_arch_remove(ctx, seccomp_arch_native()), "native architecture");
        }
        for (size_t i = 0; i < N_RULES; i++)
                if (rules[i].kind == KIND_ARGUMENT && (sockets || strcmp(rules[i].name, "socket") != 0))
                        add_argument_rule(ctx, &rules[i]);
        return ctx;
}

static void argument_program(const struct Architecture *a, struct Program *ret) {
        scmp_filter_ctx ctx = argument_filter(a->arch, a->compat || !a->multiplexed);
        int fd = memfd_create("seccomp", MFD_CLOEXEC);
        ssize_t n;

        if (a->compat)
                check(seccomp_merge(ctx, argument_filter(a->compat, !a->multiplexed)), "merging");
        check(fd, "memfd_create");
        check(seccomp_export_bpf(ctx, fd), "export");
        n = pread(fd, ret->code, sizeof(ret->code), 0);
        if (n <= 0 || (size_t) n % sizeof(ret->code[0]) != 0)
                die("reading the program", EIO);
        ret->n = (size_t) n / sizeof(ret->code[0]);
        close(fd);
        seccomp_release(ctx);
}

/* --- which calls there are ---------------------------------------------------------------------------------------- */

#define NUMBERS (1 << 20) /* beyond any architecture's last one: arm's own begin at 0xf0000 */

struct Range {
        uint32_t first, action; /* to the next one's first */
};

static void emit(struct Program *p, struct sock_filter instruction) {
        if (p->n >= PROGRAM_MAX)
                die("program", E2BIG);
        p->code[p->n++] = instruction;
}

/* Jump to `target` from the conditional jump at `from`, by its true branch. */
static void patch(struct Program *p, size_t from, size_t target) {
        if (target - from - 1 > UINT8_MAX)
                die("jump", ERANGE);
        p->code[from].jt = (uint8_t) (target - from - 1);
}

static void emit_search(struct Program *p, const struct Range *ranges, size_t n) {
        size_t from = p->n, middle = n / 2;

        if (n == 1) {
                emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, ranges[0].action));
                return;
        }
        emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, 0));
        emit_search(p, ranges, middle);
        patch(p, from, p->n);
        emit_search(p, ranges + middle, n - middle);
}

static uint32_t rule_action(const struct Rule *rule, bool private_users) {
        bool allow = rule->kind == KIND_ALLOW || (rule->kind == KIND_OF_THE_HOST && !private_users);

        return allow ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t) rule->error;
}

/* What i386 once had behind socketcall(2) and ipc(2) only, and got numbers for in Linux 4.3 and 5.1. libseccomp, which counts
 * these calls as one with the old ones, does not tell them. */
static int direct_number(const char *name) {
        static const struct {
                const char *name;
                int number;
        } calls[] = {
                { "recvmmsg", 337 }, { "sendmmsg", 345 }, { "socket", 359 }, { "socketpair", 360 }, { "bind", 361 }, { "connect", 362 },
                { "listen", 363 }, { "accept4", 364 }, { "getsockopt", 365 }, { "setsockopt", 366 }, { "getsockname", 367 },
                { "getpeername", 368 }, { "sendto", 369 }, { "sendmsg", 370 }, { "recvfrom", 371 }, { "recvmsg", 372 },
                { "shutdown", 373 }, { "semget", 393 }, { "semctl", 394 }, { "shmget", 395 }, { "shmctl", 396 }, { "shmat", 397 },
                { "shmdt", 398 }, { "msgget", 399 }, { "msgsnd", 400 }, { "msgrcv", 401 }, { "msgctl", 402 },
        };

        for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
                if (strcmp(calls[i].name, name) == 0)
                        return calls[i].number;
        return -1;
}

/* The call's number on an architecture; < 0 where it has none. */
static int rule_number(const struct Rule *rule, uint32_t arch) {
        int number = seccomp_syscall_resolve_name_arch(arch, rule->name);

        if (number != __NR_SCMP_ERROR)
                return number < 0 && arch == SCMP_ARCH_X86 ? direct_number(rule->name) : number;
        if (rule->number < 0)
                die(rule->name, ENOSYS); /* a spelling mistake: each is known on some architecture */
        return rule->number;
}

static void emit_calls(struct Program *p, uint32_t arch, bool private_users) {
        static uint32_t actions[NUMBERS];
        static struct Range ranges[NUMBERS];
        size_t n = 0;

        for (size_t i = 0; i < NUMBERS; i++)
                actions[i] = SECCOMP_RET_ERRNO | ENOSYS;
        for (size_t i = 0; i < N_RULES; i++) {
                int number = rules[i].kind == KIND_ARGUMENT ? -1 : rule_number(&rules[i], arch);

                if (number >= NUMBERS - 1)
                        die(rules[i].name, ERANGE);
                if (number >= 0)
                        actions[number] = rule_action(&rules[i], private_users);
        }
        for (uint32_t i = 0; i < NUMBERS; i++)
                if (n == 0 || ranges[n - 1].action != actions[i])
                        ranges[n++] = (struct Range){ i, actions[i] };
        emit(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
        emit_search(p, ranges, n);
}

static void calls_program(const struct Architecture *a, bool private_users, struct Program *p) {
        const uint32_t arches[] = { a->arch, a->compat };
        size_t jumps[2], n = a->compat ? 2 : 1;

        p->n = 0;
        emit(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
        for (size_t i = 0; i < n; i++) {
                emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arches[i], 0, 1));
                jumps[i] = p->n; /* too far for a conditional jump */
                emit(p, (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, 0));
        }
        emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
        for (size_t i = 0; i < n; i++) {
                p->code[jumps[i]].k = (uint32_t) (p->n - jumps[i] - 1);
                emit_calls(p, arches[i], private_users);
        }
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static void join(struct Program *first, const struct Program *second) {
        if (first->n + second->n > PROGRAM_MAX)
                die("program", E2BIG);
        for (size_t i = 0; i < first->n; i++)
                if (first->code[i].code == (BPF_RET | BPF_K) && first->code[i].k == SECCOMP_RET_ALLOW)
                        first->code[i] = (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (first->n - i - 1));
        memcpy(first->code + first->n, second->code, second->n * sizeof(second->code[0]));
        first->n += second->n;
}

static void print(const struct Architecture *a, const char *name, bool private_users) {
        static struct Program program, calls;

        argument_program(a, &program);
        calls_program(a, private_users, &calls);
        join(&program, &calls);

        printf("static const struct sock_filter %s[] = {\n", name);
        for (size_t i = 0; i < program.n; i++)
                printf("        { 0x%02x, %u, %u, 0x%08x },\n", program.code[i].code, program.code[i].jt, program.code[i].jf,
                       program.code[i].k);
        printf("};\n");
}

int main(int argc, char **argv) {
        for (size_t i = 0; argc == 2 && i < sizeof(architectures) / sizeof(architectures[0]); i++) {
                if (strcmp(architectures[i].family, argv[1]) != 0)
                        continue;
                printf("/* Made by seccomp-gen from seccomp-rules.def. */\n");
                print(&architectures[i], "filter_private_users", true);
                print(&architectures[i], "filter_host_users", false);
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        fprintf(stderr, "seccomp-gen: no filter for '%s': add it to the table of architectures\n", argc == 2 ? argv[1] : "");
        return EXIT_FAILURE;
}
