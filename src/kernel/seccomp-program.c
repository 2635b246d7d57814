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
#define REACH 255 /* instructions, of a conditional jump */
#define ANSWERS_MAX 16
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

/* The same where all of it is within reach of a conditional jump: each comparison is one instruction, and who has found its answer jumps to the
 * one that gives it, behind the last comparison. The kernel's work grows with the length. */
typedef struct Answers {
        uint32_t actions[ANSWERS_MAX];
        size_t n;
        size_t at; /* of the first one in the program */
} Answers;

static bool collect_answers(Answers *a, const Range *ranges, size_t n) {
        for (size_t i = 0; i < n; i++) {
                size_t k = 0;

                while (k < a->n && a->actions[k] != ranges[i].action)
                        k++;
                if (k == ANSWERS_MAX)
                        return false;
                a->actions[k] = ranges[i].action;
                if (k == a->n)
                        a->n++;
        }
        return n - 1 + a->n <= REACH;
}

/* How far it is from the instruction `from`. */
static uint8_t to_answer(const Answers *a, uint32_t action, size_t from) {
        size_t k = 0;

        while (a->actions[k] != action)
                k++;
        return (uint8_t) (a->at + k - from - 1);
}

/* n > 1 ranges take n - 1 instructions. */
static int emit_near_search(SeccompProgram *p, const Answers *a, const Range *ranges, size_t n) {
        size_t from = p->n, middle = n / 2;
        uint8_t left = middle > 1 ? 0 : to_answer(a, ranges[0].action, from);
        uint8_t right = n - middle > 1 ? (uint8_t) (middle - 1) : to_answer(a, ranges[middle].action, from);
        int r = emit(p, (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, right, left));

        if (r >= 0 && middle > 1)
                r = emit_near_search(p, a, ranges, middle);
        if (r >= 0 && n - middle > 1)
                r = emit_near_search(p, a, ranges + middle, n - middle);
        return r;
}

static int emit_ranges(SeccompProgram *p, const Range *ranges, size_t n) {
        Answers a = {};
        int r;

        if (n == 1 || !collect_answers(&a, ranges, n))
                return emit_search(p, ranges, n);
        a.at = p->n + n - 1;
        r = emit_near_search(p, &a, ranges, n);
        for (size_t i = 0; i < a.n && r >= 0; i++)
                r = emit(p, (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, a.actions[i]));
        return r;
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
                r = emit_ranges(p, ranges, n);
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
