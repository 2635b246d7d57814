/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* BPF programs that tell system calls by their numbers. Compiled twice: into seccomp-gen, for the filter that every machine has, and
 * into nbox, for the machine that asks for another one. */

typedef struct SeccompProgram {
        size_t n;
        struct sock_filter code[BPF_MAXINSNS];
} SeccompProgram;

typedef struct SeccompNumber {
        uint32_t number, action; /* SECCOMP_RET_… */
} SeccompNumber;

/* The calls of one architecture; those that are not here are ENOSYS, as are all of other architectures. */
typedef struct SeccompNumbers {
        uint32_t arch; /* AUDIT_ARCH_… */
        const SeccompNumber *calls; /* ascending, each number once */
        size_t n;
} SeccompNumbers;

/* These append to a program, and return 0 or -E2BIG. */
int seccomp_program_append(SeccompProgram *p, const struct sock_filter *code, size_t n);
int seccomp_program_calls(SeccompProgram *p, const SeccompNumbers *arches, size_t n);
