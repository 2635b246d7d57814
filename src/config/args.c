/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "args.h"

#include <string.h>

#include "suggest.h"

ArgCursor args_begin(int argc, char **argv) {
        return (ArgCursor){ .argc = argc, .argv = argv, .next = 1 };
}

const ArgSpec *args_iterate(const ArgTable **table, size_t *i) {
        while (*table && *i >= (*table)->n) {
                *table = (*table)->more;
                *i = 0;
        }
        if (!*table)
                return NULL;
        return (const ArgSpec *) ((const char *) (*table)->first + (*i)++ * (*table)->size);
}

static bool same(const char *name, const char *text, size_t length) {
        return name && strlen(name) == length && strncmp(name, text, length) == 0;
}

const ArgSpec *args_find(const ArgTable *table, const char *name, size_t length) {
        const ArgSpec *s;

        for (size_t i = 0; (s = args_iterate(&table, &i));)
                if (same(s->name, name, length) || same(s->alias, name, length))
                        break;
        return s;
}

static const ArgSpec *find_letter(const ArgTable *table, char letter) {
        const ArgSpec *s;

        for (size_t i = 0; (s = args_iterate(&table, &i));)
                if (s->letter == letter)
                        break;
        return s;
}

const char *args_spelling(const ArgSpec *spec, char buf[64]) {
        if (spec->name)
                snprintf(buf, 64, "--%s", spec->name);
        else
                snprintf(buf, 64, "-%c", spec->letter);
        return buf;
}

static int unknown_long(const ArgTable *table, const char *name, size_t length, Error **reterr) {
        Suggestion best = suggestion_begin(name, length);
        const ArgSpec *s;

        for (size_t i = 0; (s = args_iterate(&table, &i));) {
                suggestion_offer(&best, s->name);
                suggestion_offer(&best, s->alias);
        }
        error_set(reterr, EINVAL, "Unknown option --%.*s", (int) length, name);
        if (best.name)
                return error_hint(reterr, -EINVAL, "Did you mean --%s?", best.name);
        return -EINVAL;
}

/* The argument of an option that stands in `rest` (after "=" or the letter), or in the next word. */
static int take_value(ArgCursor *a, const ArgSpec *spec, const char *rest, const char **ret_value, Error **reterr) {
        char name[64];

        if (!spec->placeholder && rest)
                return error_set(reterr, EINVAL, "Option %s takes no argument", args_spelling(spec, name));
        if (!spec->placeholder || rest || spec->optional) {
                *ret_value = rest;
                return 1;
        }
        if (a->next >= a->argc)
                return error_set(reterr, EINVAL, "Option %s needs an argument: %s", args_spelling(spec, name),
                                 spec->placeholder);
        *ret_value = a->argv[a->next++];
        return 1;
}

static int next_long(ArgCursor *a, const ArgTable *table, const ArgSpec **ret, const char **ret_value, Error **reterr) {
        const char *name = a->argv[a->next++] + 2, *eq = strchr(name, '=');
        size_t length = eq ? (size_t) (eq - name) : strlen(name);

        *ret = args_find(table, name, length);
        if (!*ret)
                return unknown_long(table, name, length, reterr);
        return take_value(a, *ret, eq ? eq + 1 : NULL, ret_value, reterr);
}

static int next_letter(ArgCursor *a, const ArgTable *table, const ArgSpec **ret, const char **ret_value, Error **reterr) {
        char letter = *a->cluster;
        const char *rest = a->cluster[1] ? a->cluster + 1 : NULL;

        a->cluster = rest;
        *ret = find_letter(table, letter);
        if (!*ret)
                return error_set(reterr, EINVAL, "Unknown option -%c", letter);
        if ((*ret)->placeholder && !(*ret)->optional) {
                a->cluster = NULL;
                return take_value(a, *ret, rest, ret_value, reterr);
        }
        *ret_value = NULL;
        return 1;
}

int args_next(ArgCursor *a, const ArgTable *table, const ArgSpec **ret, const char **ret_value, Error **reterr) {
        const char *word;

        if (a->cluster)
                return next_letter(a, table, ret, ret_value, reterr);
        if (a->next >= a->argc)
                return 0;
        word = a->argv[a->next];
        if (word[0] != '-' || word[1] == 0)
                return 0;
        if (strcmp(word, "--") == 0) {
                a->next++;
                return 0;
        }
        if (word[1] == '-')
                return next_long(a, table, ret, ret_value, reterr);
        a->cluster = word + 1;
        a->next++;
        return next_letter(a, table, ret, ret_value, reterr);
}
