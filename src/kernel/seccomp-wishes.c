/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A filter for the machine that asks for another one: made of the table and the part that looks at arguments, which were made
 * while nbox was built. What is refused by argument stays refused: no word of the list says so much. */

#include <errno.h>
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

enum { WISH_NONE, WISH_ALLOW, WISH_REFUSE };

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
        if (w->words && w->words[0])
                return true;
        for (size_t i = 0; i < N_CALLS; i++)
                if (seccomp_call_passes(&filter_calls[i], w->private_users, w->capabilities) !=
                    seccomp_call_passes(&filter_calls[i], w->private_users, SECCOMP_DEFAULT_CAPABILITIES))
                        return true;
        return false;
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
        for (size_t i = 0; i < 2; i++)
                arches[i].n = numbers_of(i, wishes, w, numbers + i * N_CALLS);
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
