/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A filter for the machine that asks for another one: made of the table and the part that looks at arguments, which were made
 * while nbox was built. What is refused by argument stays refused: no word of the list says so much. */

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "seccomp.h"
#include "seccomp-call.h"
#include "seccomp-filter.h"
#include "seccomp-program.h"

typedef struct Group {
        const char *name;
        const char *words; /* each with a blank before it: calls, and groups that come before or after */
} Group;

static const Group groups[] = {
#define GROUP(name, words) { name, words },
#include "seccomp-groups.def"
        { "@known", NULL },
};

#define GROUP_DEPTH_MAX 4
#define N_CALLS ELEMENTSOF(filter_calls)

enum { WISH_NONE, WISH_ALLOW, WISH_NOTHING, WISH_REFUSE };

static int compare_name(const void *name, const void *call) {
        return strcmp(name, ((const SeccompCall *) call)->name);
}

static const SeccompCall *find_call(const char *name) {
        return bsearch(name, filter_calls, N_CALLS, sizeof(filter_calls[0]), compare_name);
}

static const Group *find_group(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strcmp(groups[i].name, name) == 0)
                        return &groups[i];
        return NULL;
}

/* The next word of a group: 1, else 0. Cut where it is longer than any. */
static int next_word(const char **s, char word[64]) {
        size_t n;

        *s += strspn(*s, " ");
        n = strcspn(*s, " ");
        snprintf(word, 64, "%.*s", (int) n, *s);
        *s += n;
        return n > 0;
}

const char *seccomp_word(size_t i) {
        if (i < N_CALLS)
                return filter_calls[i].name;
        return i - N_CALLS < ELEMENTSOF(groups) ? groups[i - N_CALLS].name : NULL;
}

bool seccomp_word_is_known(const char *word) {
        char other[64];

        if (find_call(word) || find_group(word))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                for (const char *s = groups[i].words; s && next_word(&s, other);)
                        if (strcmp(word, other) == 0)
                                return true; /* another architecture's: nothing to be done */
        return false;
}

static void wish(uint8_t wishes[N_CALLS], const char *word, uint8_t what, unsigned depth) {
        const SeccompCall *call = find_call(word);
        const Group *group = call ? NULL : find_group(word);
        char inner[64];

        if (call && wishes[call - filter_calls] != WISH_REFUSE)
                wishes[call - filter_calls] = what;
        if (group && !group->words)
                for (size_t i = 0; i < N_CALLS; i++)
                        if (wishes[i] != WISH_REFUSE)
                                wishes[i] = what;
        for (const char *s = group ? group->words : NULL; s && depth < GROUP_DEPTH_MAX && next_word(&s, inner);)
                wish(wishes, inner, what, depth + 1);
}

static void wish_all(uint8_t wishes[N_CALLS], char *const *words) {
        for (char *const *w = words; w && *w; w++)
                wish(wishes, *w + (**w == '~'), **w == '~' ? WISH_REFUSE : WISH_ALLOW, 0);
}

static uint32_t action_of(const SeccompCall *call, uint8_t what, const SeccompWishes *w) {
        if (what == WISH_REFUSE)
                return SECCOMP_RET_ERRNO | EPERM;
        if (what == WISH_NOTHING)
                return SECCOMP_RET_ERRNO; /* of 0: it succeeds */
        if (what == WISH_ALLOW || seccomp_call_passes(call, w->private_users, w->capabilities))
                return SECCOMP_RET_ALLOW;
        return SECCOMP_RET_ERRNO | (uint32_t) call->error;
}

static int by_number(const void *a, const void *b) {
        const SeccompNumber *x = a, *y = b;

        return (x->number > y->number) - (x->number < y->number);
}

static size_t numbers_of(size_t arch, const uint8_t wishes[N_CALLS], const SeccompWishes *w, SeccompNumber *ret) {
        size_t n = 0;

        for (size_t i = 0; i < N_CALLS; i++)
                if (filter_calls[i].numbers[arch] >= 0)
                        ret[n++] = (SeccompNumber){ (uint32_t) filter_calls[i].numbers[arch], action_of(&filter_calls[i], wishes[i], w) };
        qsort(ret, n, sizeof(*ret), by_number);
        return n;
}

bool seccomp_wishes_differ(const SeccompWishes *w) {
        if (w->suppress_sync || (w->words && w->words[0]))
                return true;
        for (size_t i = 0; i < N_CALLS; i++)
                if (seccomp_call_passes(&filter_calls[i], w->private_users, w->capabilities) !=
                    seccomp_call_passes(&filter_calls[i], w->private_users, SECCOMP_DEFAULT_CAPABILITIES))
                        return true;
        return false;
}

/* The flags of openat2(2) are behind a pointer, which no filter follows: who is refused it as unknown takes openat(2). */
static const struct {
        const char *call;
        uint8_t flags; /* which argument they are */
        uint32_t answer;
} opening[] = {
        { "open", 1, SECCOMP_RET_ERRNO | EINVAL },
        { "openat", 2, SECCOMP_RET_ERRNO | EINVAL },
        { "openat2", 0, SECCOMP_RET_ERRNO | ENOSYS },
};

/* One call of the architecture that the program is at, whose number is in the accumulator and is there again behind it. O_SYNC has the bit of
 * O_DSYNC. */
static int refuse_to_open(SeccompProgram *p, size_t which, uint32_t number) {
        const struct sock_filter by_flags[] = {
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t) (offsetof(struct seccomp_data, args) + opening[which].flags * sizeof(uint64_t))),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_DSYNC, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, opening[which].answer),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        };
        const struct sock_filter always[] = {
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, opening[which].answer),
        };

        return opening[which].flags > 0 ? seccomp_program_append(p, by_flags, ELEMENTSOF(by_flags))
                                        : seccomp_program_append(p, always, ELEMENTSOF(always));
}

/* One architecture's; the first instruction leads past it for all others. */
static int refuse_synced_files_of(SeccompProgram *p, size_t arch) {
        const struct sock_filter begin[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, filter_arches[arch], 0, 0),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        };
        size_t from = p->n;
        int r = seccomp_program_append(p, begin, ELEMENTSOF(begin));

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(opening); i++) {
                const SeccompCall *call = find_call(opening[i].call);

                if (call && call->numbers[arch] >= 0)
                        r = refuse_to_open(p, i, (uint32_t) call->numbers[arch]);
        }
        if (r >= 0)
                p->code[from + 1].jf = (uint8_t) (p->n - from - 2);
        return r;
}

static int refuse_synced_files(SeccompProgram *p) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(filter_arches) && filter_arches[i]; i++)
                r = refuse_synced_files_of(p, i);
        return r;
}

int seccomp_make(const SeccompWishes *w, struct sock_filter **ret, size_t *ret_n) {
        _cleanup_free_ SeccompProgram *p = calloc(1, sizeof(*p));
        _cleanup_free_ SeccompNumber *numbers = calloc(2 * N_CALLS, sizeof(*numbers));
        SeccompNumbers arches[2] = { { .arch = filter_arches[0], .calls = numbers },
                                     { .arch = filter_arches[1], .calls = numbers + N_CALLS } };
        uint8_t wishes[N_CALLS] = {};
        int r;

        if (!p || !numbers)
                return -ENOMEM;
        wish_all(wishes, w->words);
        if (w->suppress_sync)
                wish(wishes, "@sync", WISH_NOTHING, 0);
        for (size_t i = 0; i < 2; i++)
                arches[i].n = numbers_of(i, wishes, w, numbers + i * N_CALLS);
        r = w->suppress_sync ? refuse_synced_files(p) : 0;
        if (r >= 0)
                r = seccomp_program_append(p, filter_arguments, ELEMENTSOF(filter_arguments));
        if (r >= 0)
                r = seccomp_program_calls(p, arches, filter_arches[1] ? 2 : 1);
        if (r < 0)
                return r;
        *ret = malloc(p->n * sizeof(p->code[0]));
        if (!*ret)
                return -ENOMEM;
        memcpy(*ret, p->code, p->n * sizeof(p->code[0]));
        *ret_n = p->n;
        return 0;
}
