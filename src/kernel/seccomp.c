/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "seccomp-call.h"
#include "seccomp-filter.h"

static const struct {
        const struct sock_filter *code;
        unsigned short n;
} programs[2] = {
        [false] = { filter_host_users, ELEMENTSOF(filter_host_users) },
        [true] = { filter_private_users, ELEMENTSOF(filter_private_users) },
};

int seccomp_apply(const struct sock_filter *code, size_t n) {
        const struct sock_fprog program = {
                .filter = (struct sock_filter *) code, /* only read: the ABI's struct lacks a const */
                .len = (unsigned short) n,
        };

        if (n > BPF_MAXINSNS)
                return -E2BIG;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

int seccomp_apply_default(bool private_users) {
        return seccomp_apply(programs[private_users].code, programs[private_users].n);
}

#if defined(__x86_64__) && defined(__LP64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#define ARCHITECTURE 0
#endif

#define CALLS_MAX 200 /* jumps are of 255 instructions at most */

int seccomp_allow_only(const uint32_t *calls, size_t n) {
        struct sock_filter code[CALLS_MAX + 6];
        struct sock_fprog program = { .filter = code };
        unsigned short k = 0;

        if (ARCHITECTURE == 0)
                return -EOPNOTSUPP;
        if (n > CALLS_MAX)
                return -E2BIG;
        code[k++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
        code[k++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, (uint8_t) (n + 1));
        code[k++] = (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        for (size_t i = 0; i < n; i++)
                code[k++] = (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], (uint8_t) (n - i), 0);
        code[k++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
        code[k++] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        program.len = k;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
