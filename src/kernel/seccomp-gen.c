/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Runs while nbox is built, and writes seccomp-rules.def as BPF programs in C. Building a filter at each start with libseccomp
 * costs 0.4 ms and a library to load; the result never differs, so it is made once.
 *
 * Two programs by libseccomp are joined to one: first what is refused by argument (default: pass), then which calls there are
 * (default: ENOSYS). libseccomp cannot say "this value fails, all others pass" in a filter whose default is to fail.
 * Joining means that each "pass" of the first becomes a jump to the second.
 *
 * The architecture is the build's target; its 32-bit sibling gets the same rules by name. x32 calls are of a foreign
 * architecture to this filter, and get ENOSYS as from a kernel that is built without them. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
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

static const struct Architecture {
        const char *family; /* meson's host_machine.cpu_family() */
        uint32_t arch, compat;
        bool multiplexed;   /* compat's socket calls go by socketcall(2): no arguments to look at */
} architectures[] = {
        { "x86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86, true },
        { "x86", SCMP_ARCH_X86 },
        { "aarch64", SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
        { "arm", SCMP_ARCH_ARM },
        { "riscv64", SCMP_ARCH_RISCV64 },
        { "ppc64", SCMP_ARCH_PPC64LE },
        { "s390x", SCMP_ARCH_S390X, SCMP_ARCH_S390, true },
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

static int rule_number(const struct Rule *rule, bool native) {
        int number = seccomp_syscall_resolve_name(rule->name);

        if (number != __NR_SCMP_ERROR)
                return number;
        if (rule->number < 0)
                die(rule->name, ENOSYS); /* a spelling mistake: each is known on some architecture */
        return native ? rule->number : __NR_SCMP_ERROR;
}

static void add_rule(scmp_filter_ctx ctx, const struct Rule *rule, uint32_t arch, bool private_users) {
        bool native = arch == seccomp_arch_native();
        bool allow = rule->kind == KIND_ALLOW || (rule->kind == KIND_OF_THE_HOST && !private_users);
        struct scmp_arg_cmp compare[2];
        int number = rule_number(rule, native);

        if (number == __NR_SCMP_ERROR)
                return;
        if (!allow && rule->error == ENOSYS) /* is the default, and libseccomp wants no rule that says so */
                return;
        for (unsigned i = 0; i < rule->n_arguments; i++)
                compare[i] = SCMP_CMP(rule->arguments[i].index, SCMP_CMP_MASKED_EQ, UINT32_MAX, rule->arguments[i].value);
        check(seccomp_rule_add_array(ctx, allow ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule->error), number,
                                     rule->n_arguments, rule->n_arguments > 0 ? compare : NULL),
              rule->name);
}

static scmp_filter_ctx filter_new(uint32_t arch, uint32_t default_action) {
        scmp_filter_ctx ctx = seccomp_init(default_action);

        if (!ctx)
                die("seccomp_init", ENOMEM);
        check(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "bad architecture's action");
        check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "binary tree");
        if (arch != seccomp_arch_native()) {
                check(seccomp_arch_add(ctx, arch), "architecture");
                check(seccomp_arch_remove(ctx, seccomp_arch_native()), "native architecture");
        }
        return ctx;
}

static scmp_filter_ctx filter_build(uint32_t arch, bool arguments, bool sockets, bool private_users) {
        scmp_filter_ctx ctx = filter_new(arch, arguments ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(ENOSYS));

        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                if ((rules[i].kind == KIND_ARGUMENT) == arguments && (!arguments || sockets || strcmp(rules[i].name, "socket") != 0))
                        add_rule(ctx, &rules[i], arch, private_users);
        return ctx;
}

static void filter_export(const struct Architecture *a, bool arguments, bool private_users, struct Program *ret) {
        scmp_filter_ctx ctx = filter_build(a->arch, arguments, true, private_users);
        int fd = memfd_create("seccomp", MFD_CLOEXEC);
        ssize_t n;

        if (a->compat)
                check(seccomp_merge(ctx, filter_build(a->compat, arguments, !a->multiplexed, private_users)), "merging");
        check(fd, "memfd_create");
        check(seccomp_export_bpf(ctx, fd), "export");
        n = pread(fd, ret->code, sizeof(ret->code), 0);
        if (n <= 0 || (size_t) n % sizeof(ret->code[0]) != 0)
                die("reading the program", EIO);
        ret->n = (size_t) n / sizeof(ret->code[0]);
        close(fd);
        seccomp_release(ctx);
}

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

        filter_export(a, true, private_users, &program);
        filter_export(a, false, private_users, &calls);
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
