/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seccomp-program.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A search over ranges of numbers with the same answer, of which there are few: comparing with each number by itself, the kernel takes
 * 270 instead of 110 microseconds for each start of a machine to check, translate and cache the program. */

#define OTHERWISE (SECCOMP_RET_ERRNO | ENOSYS)
#define NEAR 100 /* ranges in half of a search that a conditional jump (255 instructions) reaches over; each takes two */

typedef struct Range {
        uint32_t first, action; /* to the next one's first */
} Range;

int seccomp_program_append(SeccompProgram *p, const struct sock_filter *code, size_t n) {
        if (n > BPF_MAXINSNS - p->n)
                return -E2BIG;
        memcpy(p->code + p->n, code, n * sizeof(*code));
        p->n += n;
        return 0;
}

static int emit(SeccompProgram *p, struct sock_filter instruction) {
        return seccomp_program_append(p, &instruction, 1);
}

static int emit_search(SeccompProgram *p, const Range *ranges, size_t n) {
        size_t from = p->n, middle = n / 2;
        bool far = middle > NEAR;
        int r;

        if (n == 1)
                return emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, ranges[0].action));
        r = emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, 0, far ? 1 : 0));
        if (r >= 0 && far)
                r = emit(p, (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, 0));
        if (r >= 0)
                r = emit_search(p, ranges, middle);
        if (r < 0)
                return r;
        if (far)
                p->code[from + 1].k = (uint32_t) (p->n - from - 2);
        else
                p->code[from].jt = (uint8_t) (p->n - from - 1);
        return emit_search(p, ranges + middle, n - middle);
}

static void add_range(Range *ranges, size_t *n, uint32_t first, uint32_t action) {
        if (*n > 0 && ranges[*n - 1].first == first)
                --*n;
        if (*n == 0 || ranges[*n - 1].action != action)
                ranges[(*n)++] = (Range){ first, action };
}

static int emit_arch(SeccompProgram *p, const SeccompNumbers *arch) {
        Range *ranges = calloc(2 * arch->n + 1, sizeof(*ranges));
        size_t n = 0;
        int r;

        if (!ranges)
                return -ENOMEM;
        add_range(ranges, &n, 0, OTHERWISE);
        for (size_t i = 0; i < arch->n; i++) {
                add_range(ranges, &n, arch->calls[i].number, arch->calls[i].action);
                add_range(ranges, &n, arch->calls[i].number + 1, OTHERWISE);
        }
        r = emit(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
        if (r >= 0)
                r = emit_search(p, ranges, n);
        free(ranges);
        return r;
}

#define ARCHES_MAX 2

int seccomp_program_calls(SeccompProgram *p, const SeccompNumbers *arches, size_t n) {
        size_t jumps[ARCHES_MAX];
        int r;

        if (n > ARCHES_MAX)
                return -E2BIG;
        r = emit(p, (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
        for (size_t i = 0; i < n && r >= 0; i++) {
                r = emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arches[i].arch, 0, 1));
                jumps[i] = p->n; /* too far for a conditional jump */
                if (r >= 0)
                        r = emit(p, (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, 0));
        }
        if (r >= 0)
                r = emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, OTHERWISE));
        for (size_t i = 0; i < n && r >= 0; i++) {
                p->code[jumps[i]].k = (uint32_t) (p->n - jumps[i] - 1);
                r = emit_arch(p, &arches[i]);
        }
        return r;
}
