/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs while nbox is built, and writes seccomp-rules.def as BPF programs in C, and as the table that others are made of where a
 * machine's settings ask for it. Building a filter at each start with libseccomp
 * costs 0.4 ms and a library to load; the result never differs, so it is made once.
 *
 * A program has two parts. What is refused by argument (default: pass) is libseccomp's; each "pass" of it becomes a jump to the
 * second part, since libseccomp cannot say "this value fails, all others pass" in a filter whose default is to fail. The second
 * part, which calls there are (default: ENOSYS), is seccomp-program.c's.
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

#include "seccomp-call.h"
#include "seccomp-program.h"

struct Rule {
        SeccompKind kind;
        const char *name;
        int number; /* -1: libseccomp must know the name, on this or another architecture */
        int error;
        int capability;
        unsigned n_arguments;
        struct {
                unsigned index;
                uint32_t value;
        } arguments[2];
};

#define ALLOW(name) { SECCOMP_ALLOW, #name, -1 },
#define ALLOW_NR(name, number) { SECCOMP_ALLOW, #name, number },
#define REFUSE(name, error) { SECCOMP_REFUSE, #name, -1, error },
#define OF_THE_HOST(name) { SECCOMP_OF_THE_HOST, #name, -1, EPERM },
#define ALLOW_UNLESS_DROPPED(name, capability) { SECCOMP_ALLOW_UNLESS_DROPPED, #name, -1, EPERM, capability },
#define REFUSE_UNLESS_GIVEN(name, capability) { SECCOMP_REFUSE_UNLESS_GIVEN, #name, -1, EPERM, capability },
#define REFUSE_ARGUMENT(name, i, v, error) { SECCOMP_ARGUMENT, #name, -1, error, -1, 1, { { i, v } } },
#define REFUSE_ARGUMENTS(name, i, v, j, w, error) { SECCOMP_ARGUMENT, #name, -1, error, -1, 2, { { i, v }, { j, w } } },
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
                if (rules[i].kind == SECCOMP_ARGUMENT && (sockets || strcmp(rules[i].name, "socket") != 0))
                        add_argument_rule(ctx, &rules[i]);
        return ctx;
}

static void argument_program(const struct Architecture *a, SeccompProgram *ret) {
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
        /* What passes goes on behind the end. */
        for (size_t i = 0; i < ret->n; i++)
                if (ret->code[i].code == (BPF_RET | BPF_K) && ret->code[i].k == SECCOMP_RET_ALLOW)
                        ret->code[i] = (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, (uint32_t) (ret->n - i - 1));
}

/* --- which calls there are ---------------------------------------------------------------------------------------- */

#define CALLS_MAX 1024
#define NUMBERS_MAX 1000 /* where calls are looked for that no rule names */

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

/* Every call that has a name, by name. */
struct Calls {
        SeccompCall calls[CALLS_MAX];
        size_t n;
};

static SeccompCall *find_call(struct Calls *c, const char *name) {
        for (size_t i = 0; i < c->n; i++)
                if (strcmp(c->calls[i].name, name) == 0)
                        return &c->calls[i];
        return NULL;
}

static SeccompCall *add_call(struct Calls *c, const char *name) {
        SeccompCall *call = find_call(c, name);

        if (call)
                return call;
        if (c->n == CALLS_MAX || strlen(name) >= sizeof(call->name))
                die(name, E2BIG);
        call = &c->calls[c->n++];
        *call = (SeccompCall){ .numbers = { -1, -1 }, .kind = SECCOMP_UNLISTED, .error = ENOSYS };
        snprintf(call->name, sizeof(call->name), "%s", name);
        return call;
}

static void add_rules(struct Calls *c, const struct Architecture *a) {
        for (size_t i = 0; i < N_RULES; i++) {
                SeccompCall *call;

                if (rules[i].kind == SECCOMP_ARGUMENT)
                        continue;
                call = add_call(c, rules[i].name);
                if (call->kind != SECCOMP_UNLISTED)
                        die(rules[i].name, EEXIST);
                call->kind = (uint8_t) rules[i].kind;
                call->error = (int16_t) rules[i].error;
                call->capability = (int8_t) rules[i].capability;
                call->numbers[0] = rule_number(&rules[i], a->arch);
                call->numbers[1] = a->compat ? rule_number(&rules[i], a->compat) : -1;
        }
}

static void add_others(struct Calls *c, const struct Architecture *a) {
        const uint32_t arches[] = { a->arch, a->compat };

        for (size_t k = 0; k < (a->compat ? 2 : 1); k++)
                for (int number = 0; number < NUMBERS_MAX; number++) {
                        char *name = seccomp_syscall_resolve_num_arch(arches[k], number);
                        SeccompCall *call = name ? add_call(c, name) : NULL;

                        if (call && call->kind == SECCOMP_UNLISTED)
                                call->numbers[k] = number;
                        free(name);
                }
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const SeccompCall *) a)->name, ((const SeccompCall *) b)->name);
}

static int by_number(const void *a, const void *b) {
        const SeccompNumber *x = a, *y = b;

        return (x->number > y->number) - (x->number < y->number);
}

static void calls_program(const struct Calls *c, const struct Architecture *a, bool private_users, SeccompProgram *p) {
        static SeccompNumber numbers[2][CALLS_MAX];
        SeccompNumbers arches[2] = { { .arch = a->arch, .calls = numbers[0] }, { .arch = a->compat, .calls = numbers[1] } };

        for (size_t k = 0; k < 2; k++) {
                for (size_t i = 0; i < c->n; i++)
                        if (c->calls[i].numbers[k] >= 0 && c->calls[i].kind != SECCOMP_UNLISTED)
                                numbers[k][arches[k].n++] = (SeccompNumber){ (uint32_t) c->calls[i].numbers[k],
                                        seccomp_call_passes(&c->calls[i], private_users, SECCOMP_DEFAULT_CAPABILITIES)
                                        ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t) c->calls[i].error };
                qsort(numbers[k], arches[k].n, sizeof(numbers[k][0]), by_number);
        }
        check(seccomp_program_calls(p, arches, a->compat ? 2 : 1), "program");
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static void print_program(const char *name, const SeccompProgram *p) {
        printf("static const struct sock_filter %s[] = {\n", name);
        for (size_t i = 0; i < p->n; i++)
                printf("        { 0x%02x, %u, %u, 0x%08x },\n", p->code[i].code, p->code[i].jt, p->code[i].jf, p->code[i].k);
        printf("};\n");
}

static void print_calls(const struct Calls *c, const struct Architecture *a) {
        printf("static const uint32_t filter_arches[] = { 0x%x, 0x%x };\n", a->arch, a->compat);
        printf("static const SeccompCall filter_calls[] = {\n");
        for (size_t i = 0; i < c->n; i++) {
                const SeccompCall *call = &c->calls[i];

                printf("        { \"%s\", { %d, %d }, %d, %d, %d },\n", call->name, call->numbers[0], call->numbers[1], call->error,
                       call->kind, call->capability);
        }
        printf("};\n");
}

static void print(const struct Architecture *a) {
        static SeccompProgram arguments, program;
        static struct Calls calls;

        add_rules(&calls, a);
        add_others(&calls, a);
        qsort(calls.calls, calls.n, sizeof(calls.calls[0]), by_name);
        argument_program(a, &arguments);

        printf("/* Made by seccomp-gen from seccomp-rules.def. */\n");
        program = arguments;
        calls_program(&calls, a, true, &program);
        print_program("filter_private_users", &program);
        program = arguments;
        calls_program(&calls, a, false, &program);
        print_program("filter_host_users", &program);
        print_program("filter_arguments", &arguments);
        print_calls(&calls, a);
}

int main(int argc, char **argv) {
        for (size_t i = 0; argc == 2 && i < sizeof(architectures) / sizeof(architectures[0]); i++) {
                if (strcmp(architectures[i].family, argv[1]) != 0)
                        continue;
                print(&architectures[i]);
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        fprintf(stderr, "seccomp-gen: no filter for '%s': add it to the table of architectures\n", argc == 2 ? argv[1] : "");
        return EXIT_FAILURE;
}
