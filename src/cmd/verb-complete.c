/* SPDX-License-Identifier: GPL-2.0-or-later */

/* `nbox __complete CWORD WORD…`: what may stand at WORD number CWORD (WORD 0 is nbox itself), one candidate a line,
 * already filtered by what stands there. The shell's script stays a few lines, and knows no verb or option.
 * It runs at each press of a key: no bus, no locks. A line ":dirs" or ":files" asks the shell for its own.
 *
 * bash usually cuts words at '=': "--network=ho" comes as three, and what is printed then replaces the last only. */

#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "find.h"
#include "options.h"
#include "parse.h"
#include "record.h"
#include "verb-list.h"

typedef struct Completion {
        const Verb *verb;
        char **words; /* of the verb, before the current one; words[0] is the verb */
        int n_words;
        const char *prefix; /* what stands before it in the same word: "--console=", or NULL */
        size_t prefix_length;
        const char *current;
} Completion;

/* File names of the host's become words of the user's next command line: only plain ones are offered. */
static bool is_plain(const char *s) {
        for (; *s; s++)
                if (!isalnum((unsigned char) *s) && !strchr("-._@+:=", *s))
                        return false;
        return true;
}

static void offer(const Completion *c, const char *word) {
        if (strncmp(word, c->current, strlen(c->current)) == 0 && is_plain(word))
                printf("%.*s%s\n", (int) c->prefix_length, c->prefix_length ? c->prefix : "", word);
}

static void offer_verbs(const Completion *c) {
        for (const Verb *v = verbs; v->name; v++)
                if (!(v->flags & VERB_HIDDEN))
                        offer(c, v->name);
}

static void offer_option(const Completion *c, const char *name, const ArgSpec *spec) {
        char word[80];

        if (!name)
                return;
        snprintf(word, sizeof(word), "--%s%s", name, spec->placeholder && !spec->optional ? "=" : "");
        offer(c, word);
}

static void offer_options(const Completion *c) {
        VerbTables storage;
        const ArgTable *table = verb_tables(c->verb, &storage);
        const ArgSpec *spec;

        for (size_t i = 0; (spec = args_iterate(&table, &i));)
                if (verb_takes(c->verb, spec)) {
                        offer_option(c, spec->name, spec);
                        offer_option(c, spec->alias, spec);
                }
}

static void offer_machines(const Completion *c) {
        _cleanup_strv_ char **names = NULL;

        if (record_list(&names, NULL) < 0)
                return;
        for (char **n = names; n && *n; n++)
                offer(c, *n);
}

static void offer_images(const Completion *c) {
        Image **images = NULL;
        size_t n = 0;

        if (image_list(&images, &n, NULL) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                offer(c, images[i]->name);
        image_list_free(images, n);
}

static void offer_operands(const Completion *c, int n_operands) {
        switch (c->verb->operand) {
        case OPERAND_NONE:
                return;
        case OPERAND_MACHINE:
                if (n_operands == 0)
                        offer_machines(c);
                return;
        case OPERAND_MACHINES:
                offer_machines(c);
                return;
        case OPERAND_IMAGE:
                if (n_operands > 0)
                        return;
                offer_images(c);
                puts(":dirs");
                return;
        case OPERAND_IMAGES:
                offer_images(c);
                return;
        case OPERAND_VERB:
                if (n_operands == 0)
                        offer_verbs(c);
                return;
        case OPERAND_OTHER:
                puts(":files");
                return;
        }
}

static void offer_directories(const Completion *c _unused_) {
        puts(":dirs");
}

static void offer_files(const Completion *c _unused_) {
        puts(":files");
}

static void offer_signals(const Completion *c) {
        for (int i = 1; i < SIGRTMIN; i++) {
                const char *name = sigabbrev_np(i);
                char word[32];

                if (!name)
                        continue;
                snprintf(word, sizeof(word), "SIG%s", name);
                offer(c, word);
        }
}

/* "leader|all", "busybox|debian[:RELEASE]": the words themselves. */
static void offer_alternatives(const Completion *c, const char *placeholder) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

        if (!strchr(placeholder, '|'))
                return;
        for (const char *p = placeholder; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
                _cleanup_free_ char *word = strndup(p, strspn(p, letters));

                if (word && *word)
                        offer(c, word);
        }
}

/* What a placeholder stands for. */
static const struct {
        const char *placeholder;
        void (*offer)(const Completion *c);
} placeholders[] = {
        { "DIR", offer_directories },
        { "SOURCE[:DEST[:OPTIONS]]", offer_files },
        { "SIGNAL", offer_signals },
};

/* The values of an option. */
static void offer_values(const Completion *c, const ArgSpec *spec) {
        const Option *o = c->verb->flags & VERB_CONFIG ? (const Option *) spec : NULL;

        for (size_t i = 0; i < ELEMENTSOF(placeholders); i++)
                if (strcmp(spec->placeholder, placeholders[i].placeholder) == 0)
                        placeholders[i].offer(c);
        for (const EnumName *v = o ? o->values : NULL; v && v->name; v++)
                offer(c, v->name);
        if (o && o->field == FIELD_MACHINE)
                offer_machines(c);
        if (!o)
                offer_alternatives(c, spec->placeholder);
}

/* The option whose argument the current word is: `words` end with it ("-D", "--network"); else NULL.
 * Counts the operands before. */
static const ArgSpec *open_option(const Completion *c, const ArgTable *table, int *ret_operands, bool *ret_ended) {
        ArgCursor cursor = args_begin(c->n_words, c->words);
        const ArgSpec *spec = NULL;
        const char *value;

        *ret_operands = 0;
        *ret_ended = false;
        for (;;) {
                int before = cursor.next, r;

                spec = NULL;
                r = args_next(&cursor, table, &spec, &value, NULL);
                if (r < 0 && cursor.next >= c->n_words)
                        return spec && spec->placeholder ? spec : NULL;
                if (r != 0)
                        continue;
                if (cursor.next >= c->n_words) {
                        *ret_ended = cursor.next > before;
                        return NULL;
                }
                (*ret_operands)++;
                cursor.next++;
                if (cursor.next - before > 1 || (c->verb->flags & VERB_RUNS)) {
                        *ret_ended = true;
                        *ret_operands += c->n_words - cursor.next;
                        return NULL;
                }
        }
}

static void complete_verb(Completion *c) {
        VerbTables storage;
        const ArgTable *table = verb_tables(c->verb, &storage);
        const ArgSpec *spec;
        const char *eq;
        int n_operands;
        bool ended;

        spec = open_option(c, table, &n_operands, &ended);
        if (spec) {
                offer_values(c, spec);
                return;
        }
        if (ended || c->current[0] != '-') {
                offer_operands(c, n_operands);
                return;
        }
        eq = strchr(c->current, '=');
        if (!eq || strncmp(c->current, "--", 2) != 0) {
                offer_options(c);
                return;
        }
        spec = args_find(table, c->current + 2, (size_t) (eq - c->current) - 2);
        c->prefix = c->current;
        c->prefix_length = (size_t) (eq + 1 - c->current);
        c->current = eq + 1;
        if (spec && spec->placeholder)
                offer_values(c, spec);
}

/* Put bash's "--name", "=", "value" together again by leaving out the "=": an option that waits for its value finds it
 * in the next word. Returns how many words are left. */
static int drop_equal_signs(char **words, int n) {
        int out = 0;

        for (int i = 0; i < n; i++)
                if (strcmp(words[i], "=") != 0)
                        words[out++] = words[i];
        return out;
}

int verb_complete(int argc, char **argv, Error **reterr) {
        Completion c = {};
        uint64_t cword;
        char **words = argv + 2;
        int n, first = 1;

        if (argc < 3 || parse_u64(argv[1], (uint64_t) argc, &cword) < 0 || cword == 0)
                return error_set(reterr, EINVAL, "Usage: nbox __complete CWORD WORD…");
        c.current = (int) cword < argc - 2 ? words[cword] : "";
        n = (int) cword < argc - 2 ? (int) cword : argc - 2;
        n = drop_equal_signs(words, n);
        if (strcmp(c.current, "=") == 0)
                c.current = "";

        while (first < n && words[first][0] == '-')
                first++;
        if (first >= n) {
                if (c.current[0] == '-')
                        puts("--help\n--version");
                else
                        offer_verbs(&c);
                return 0;
        }
        c.verb = verb_find(words[first]);
        if (!c.verb || (c.verb->flags & VERB_HIDDEN))
                return 0;
        c.words = words + first;
        c.n_words = n - first;
        complete_verb(&c);
        return 0;
}
