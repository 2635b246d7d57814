/* SPDX-License-Identifier: GPL-2.0-or-later */

/* `nbox __complete WORD…`: what may stand in place of the last of these words (which are those behind "nbox", as the shell
 * would hand them over), one candidate a line, already filtered by what stands there, a description behind a tab. A
 * line ":dirs PREFIX" or ":files PREFIX" (a tab between) asks the shell for its own. The shells' scripts know
 * no verb and no option; they only cut and quote. It runs at each press of a key, by anybody: no bus, no locks, no words. */

#include <string.h>

#include "complete.h"
#include "options.h"
#include "strv.h"
#include "text.h"
#include "verb-list.h"

const char *complete_part(const Completion *c) {
        return c->word + c->done;
}

Completion complete_behind(const Completion *c, char separator) {
        const char *last = strrchr(complete_part(c), separator);
        Completion behind = *c;

        if (last)
                behind.done = (size_t) (last + 1 - c->word);
        return behind;
}

/* Names come from directories: one with a tab or a newline in it would be two. */
void complete_offer(const Completion *c, const char *word, const char *about) {
        const char *part = complete_part(c);

        if (strncmp(word, part, strlen(part)) != 0 || !string_is_clean(word))
                return;
        printf("%.*s%s%s%s\n", (int) c->done, c->word, word, about && string_is_clean(about) ? "\t" : "",
               about && string_is_clean(about) ? about : "");
}

void complete_offer_paths(const Completion *c, bool directories) {
        printf("%s\t%.*s\n", directories ? ":dirs" : ":files", (int) c->done, c->word);
}

/* The first of two words, once, for they stand together in the table; about it is said which are the second. */
static const Verb *offer_first_word(const Completion *c, const Verb *v) {
        size_t n = strcspn(v->name, " "), used = 0;
        char first[32], seconds[160] = "";

        snprintf(first, sizeof(first), "%.*s", (int) n, v->name);
        for (; v->name && strncmp(v->name, first, n) == 0 && v->name[n] == ' '; v++)
                if (!(v->flags & VERB_HIDDEN) && used < sizeof(seconds))
                        used += (size_t) snprintf(seconds + used, sizeof(seconds) - used, "%s%s", used ? ", " : "", v->name + n + 1);
        if (used && !verb_find(first))
                complete_offer(c, first, seconds);
        return v - 1;
}

static void offer_verbs(const Completion *c) {
        for (const Verb *v = verbs; v->name; v++)
                if (strchr(v->name, ' '))
                        v = offer_first_word(c, v);
                else if (!(v->flags & VERB_HIDDEN))
                        complete_offer(c, v->name, v->help);
}

static void offer_second_words(const Completion *c, const char *first) {
        size_t n = strlen(first);

        for (const Verb *v = verbs; v->name; v++)
                if (!(v->flags & VERB_HIDDEN) && strncmp(v->name, first, n) == 0 && v->name[n] == ' ')
                        complete_offer(c, v->name + n + 1, v->help);
}

static void offer_option(const Completion *c, const char *name, const ArgSpec *spec, const char *help) {
        char word[80];

        if (!name)
                return;
        snprintf(word, sizeof(word), "--%s%s", name, spec->placeholder && !spec->optional ? "=" : "");
        complete_offer(c, word, help);
        if (spec->placeholder && spec->optional) {
                snprintf(word, sizeof(word), "--%s=", name);
                complete_offer(c, word, help);
        }
}

static void offer_options(const Completion *c) {
        VerbTables storage;
        const ArgTable *table = verb_tables(c->verb, &storage);
        const ArgSpec *spec;

        for (size_t i = 0; (spec = args_iterate(&table, &i));)
                if (verb_takes(c->verb, spec)) {
                        const char *help = c->verb->flags & VERB_CONFIG ? ((const Option *) spec)->help : ((const VerbOption *) spec)->help;

                        offer_option(c, spec->name, spec, help);
                        offer_option(c, spec->alias, spec, help);
                }
}

/* The operand before, by its number; the verb's options are not among what passwd takes, so words are operands. */
static void offer_machine_or_user(const Completion *c, int n_operands) {
        Completion behind = complete_behind(c, '@');

        if (n_operands == 0)
                complete_running(strcmp(c->verb->name, "shell") == 0 ? &behind : c);
        else if (n_operands == 1 && strcmp(c->verb->name, "passwd") == 0)
                complete_users_of(c, c->words[c->n_words - 1]);
}

/* The machine is the first of the words that is no option. */
static void offer_machine_or_more(const Completion *c, int n_operands) {
        int machine = 1;

        while (machine < c->n_words && c->words[machine][0] == '-')
                machine++;
        if (n_operands == 0 && c->verb->operand == OPERAND_RESOURCES)
                complete_images(c);
        if (n_operands == 0)
                complete_running(c);
        else if (c->verb->operand == OPERAND_RESOURCES)
                complete_resource(c);
        else if (c->verb->operand == OPERAND_NEW_PORTS)
                complete_new_port(c);
        else if (c->verb->operand == OPERAND_NEW_NIC && n_operands == 1)
                complete_new_nic(c);
        else if (c->verb->operand == OPERAND_NIC && n_operands == 1 && machine < c->n_words)
                complete_nics_of(c, c->words[machine]);
        else if (c->verb->operand == OPERAND_NEW_DEVICES)
                complete_offer_paths(c, false);
        else if (c->verb->operand == OPERAND_DEVICES && machine < c->n_words)
                complete_devices_of(c, c->words[machine]);
        else if (c->verb->operand == OPERAND_MACHINE_FILE && n_operands == 1)
                complete_offer_paths(c, false);
        else if (c->verb->operand == OPERAND_BINDS && machine < c->n_words)
                complete_binds_of(c, c->words[machine]);
        else if (c->verb->operand == OPERAND_PORTS && machine < c->n_words)
                complete_ports_of(c, c->words[machine]);
}

/* The image is the first of the words that is no option. */
static void offer_image_or_snapshot(const Completion *c, int n_operands) {
        int image = 1;

        while (image < c->n_words && c->words[image][0] == '-')
                image++;
        if (n_operands == 0)
                complete_images(c);
        else if (image < c->n_words && (n_operands == 1 || c->verb->operand == OPERAND_SNAPSHOTS))
                complete_snapshots_of(c, c->words[image]);
}

static void offer_operands(const Completion *c, int n_operands) {
        switch (c->verb->operand) {
        case OPERAND_NONE:
        case OPERAND_NEW:
                return;
        case OPERAND_MACHINE:
                offer_machine_or_user(c, n_operands);
                return;
        case OPERAND_MACHINES:
                complete_running(c);
                return;
        case OPERAND_IMAGE:
                if (n_operands > 0)
                        return;
                complete_images(c);
                complete_offer_paths(c, true);
                return;
        case OPERAND_IMAGE_FILE:
                if (n_operands == 0)
                        complete_images(c);
                if (n_operands < 2)
                        complete_offer_paths(c, n_operands == 0);
                return;
        case OPERAND_FILE:
                if (n_operands == 0)
                        complete_offer_paths(c, false);
                return;
        case OPERAND_OLD_NAME:
                if (n_operands > 0)
                        return;
                complete_known_images(c);
                return;
        case OPERAND_IMAGES:
                complete_known_images(c);
                return;
        case OPERAND_STARTABLE:
                complete_startable(c);
                return;
        case OPERAND_DISABLED:
                complete_disabled(c);
                return;
        case OPERAND_ENABLED:
                complete_enabled(c);
                return;
        case OPERAND_VERB:
                if (n_operands == 0)
                        offer_verbs(c);
                else if (n_operands == 1)
                        offer_second_words(c, c->words[c->n_words - 1]);
                return;
        case OPERAND_ZONES:
                complete_zones(c);
                return;
        case OPERAND_MOUNTED:
                complete_mounted(c);
                return;
        case OPERAND_SNAPSHOT:
        case OPERAND_SNAPSHOTS:
                offer_image_or_snapshot(c, n_operands);
                return;
        case OPERAND_NEW_PORTS:
        case OPERAND_PORTS:
        case OPERAND_NEW_NIC:
        case OPERAND_NIC:
        case OPERAND_NEW_DEVICES:
        case OPERAND_DEVICES:
        case OPERAND_RESOURCES:
        case OPERAND_MACHINE_FILE:
        case OPERAND_BINDS:
                offer_machine_or_more(c, n_operands);
                return;
        }
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

static void complete_verb(const Completion *c) {
        VerbTables storage;
        const ArgTable *table = verb_tables(c->verb, &storage);
        const ArgSpec *spec;
        Completion value = *c;
        const char *eq;
        int n_operands;
        bool ended;

        spec = open_option(c, table, &n_operands, &ended);
        if (spec) {
                complete_values(c, spec);
                return;
        }
        if (ended || c->word[0] != '-') {
                offer_operands(c, n_operands);
                return;
        }
        eq = strchr(c->word, '=');
        if (!eq || strncmp(c->word, "--", 2) != 0) {
                offer_options(c);
                return;
        }
        spec = args_find(table, c->word + 2, (size_t) (eq - c->word) - 2);
        value.done = (size_t) (eq + 1 - c->word);
        if (spec && spec->placeholder)
                complete_values(&value, spec);
}

static void complete_first(const Completion *c) {
        if (c->word[0] != '-') {
                offer_verbs(c);
                return;
        }
        for (const VerbOption *o = global_options; o->spec.name; o++)
                offer_option(c, o->spec.name, &o->spec, o->help);
}

/* The options before the verb: *ret_first is the first word behind them. 1: the current word is the argument of one. */
static int read_globals(Completion *c, int argc, char **argv, Remote *where, int *ret_first) {
        static const ArgTable table = { global_options, sizeof(VerbOption), GLOBAL_OPTIONS, NULL };
        ArgCursor cursor = args_begin(argc - 1, argv);
        const ArgSpec *spec;
        const char *value;
        int r;

        for (;;) {
                spec = NULL;
                r = args_next(&cursor, &table, &spec, &value, NULL);
                *ret_first = cursor.next;
                if (r == 0)
                        return 0;
                if (r < 0 && spec && spec->placeholder && cursor.next >= argc - 1) {
                        Completion behind = complete_behind(c, '@');

                        if (spec->letter == 'H')
                                complete_hosts(c);
                        else
                                complete_running(&behind);
                        return 1;
                }
                if (r < 0)
                        return r;
                if (spec->letter == 'H')
                        r = remote_parse_host(where, value, NULL);
                else if (spec->letter == 'M')
                        r = remote_parse_machine(where, value, NULL);
                if (r < 0)
                        return r;
        }
}

/* What is an option's name is the same there. */
static bool is_known_here(const Completion *c) {
        return (c->word[0] == '-' && !strchr(c->word, '=')) || c->verb->operand == OPERAND_FILE || c->verb->operand == OPERAND_VERB;
}

int verb_complete(int argc, char **argv, Error **reterr) {
        _cleanup_(remote_done) Remote where = {};
        _cleanup_strv_ char **words = NULL;
        Completion c = {};
        int first, skip;

        if (argc < 2)
                return error_set(reterr, EINVAL, "Usage: nbox __complete WORD…");
        c.word = argv[argc - 1];
        if (read_globals(&c, argc, argv, &where, &first) != 0)
                return 0;
        if (first == argc - 1) {
                complete_first(&c);
                return 0;
        }
        for (int i = first; i < argc - 1; i++)
                if (strv_append(&words, argv[i]) < 0)
                        return error_oom(reterr);
        if (first == argc - 2 && verb_is_first_word(argv[first]))
                offer_second_words(&c, argv[first]);
        c.verb = verb_find_words(argv + first, argc - 1 - first, &skip);
        if (!c.verb || (c.verb->flags & VERB_HIDDEN))
                return 0;
        c.words = argv + first + skip;
        c.n_words = argc - 1 - first - skip;
        if (remote_is_given(&where) && !is_known_here(&c))
                complete_elsewhere(&c, &where, words);
        else
                complete_verb(&c);
        return 0;
}
