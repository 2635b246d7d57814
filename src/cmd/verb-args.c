/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "log.h"
#include "options.h"
#include "password-agent.h"
#include "verb.h"

enum {
        ID_HELP = -1,
        ID_NO_PAGER = -2,
        ID_JSON = -3,
        ID_QUIET = -4,
        ID_NO_ASK_PASSWORD = -5,
};

static const VerbOption json_options[] = {
        { { "json" }, ID_JSON, "Print JSON" },
};

static const VerbOption common_options[] = {
        { { "no-pager" }, ID_NO_PAGER, "Accepted and without effect: there is no pager" },
        { { "quiet", .letter = 'q' }, ID_QUIET, "Say only what goes wrong" },
        { { "no-ask-password" }, ID_NO_ASK_PASSWORD, "Ask for no password where polkit wants one" },
        { { "help", .letter = 'h' }, ID_HELP, "Show this help" },
};

static size_t count_options(const VerbOption *o) {
        size_t n = 0;

        while (o && (o[n].spec.name || o[n].spec.letter))
                n++;
        return n;
}

const ArgTable *verb_tables(const Verb *verb, VerbTables *storage) {
        ArgTable *t = storage->tables;

        if (verb->flags & VERB_CONFIG)
                return option_table();
        t[0] = (ArgTable){ verb->options, sizeof(VerbOption), count_options(verb->options), &t[1] };
        t[1] = ARG_TABLE(json_options);
        t[2] = ARG_TABLE(common_options);
        t[1].more = &t[2];
        if (!(verb->flags & VERB_JSON))
                t[0].more = &t[2];
        return &t[0];
}

bool verb_takes(const Verb *verb, const ArgSpec *spec) {
        if (!(verb->flags & VERB_CONFIG))
                return true;
        if (((const Option *) spec)->flags & OPTION_HIDDEN)
                return false;
        return ((const Option *) spec)->flags & (strcmp(verb->name, "boot") == 0 ? OPTION_BOOT : OPTION_RUN);
}

VerbArgs verb_args(int argc, char **argv) {
        return (VerbArgs){ .verb = verb_find(argv[0]), .cursor = args_begin(argc, argv), .operands = argv + 1 };
}

/* Move the operand at the cursor to the front of argv: all words up to it have been read. False at the end. */
static bool collect_operand(VerbArgs *a) {
        ArgCursor *c = &a->cursor;

        if (c->next >= c->argc)
                return false;
        a->operands[a->n_operands++] = c->argv[c->next++];
        return true;
}

static void collect_rest(VerbArgs *a) {
        while (collect_operand(a))
                ;
        a->operands[a->n_operands] = NULL;
}

int verb_next(VerbArgs *a, Error **reterr) {
        VerbTables storage;
        const ArgTable *table = verb_tables(a->verb, &storage);

        for (;;) {
                int before = a->cursor.next;
                const ArgSpec *spec;
                int r = args_next(&a->cursor, table, &spec, &a->value, reterr);

                if (r < 0)
                        return r;
                if (r == 0) {
                        bool dashes = a->cursor.next > before;

                        if (!dashes && !(a->verb->flags & VERB_RUNS) && collect_operand(a))
                                continue;
                        collect_rest(a);
                        return 0;
                }
                r = ((const VerbOption *) spec)->id;
                if (r > 0)
                        return r;
                if (r == ID_JSON)
                        a->json = true;
                else if (r == ID_QUIET)
                        log_be_quiet();
                else if (r == ID_NO_ASK_PASSWORD)
                        password_agent_forbid();
        }
}

int verb_check_operands(const VerbArgs *a, int min, int max, Error **reterr) {
        const char *word = a->n_operands < min ? "An operand is missing" : "There are too many operands";

        if (a->n_operands >= min && (max < 0 || a->n_operands <= max))
                return 0;
        error_set(reterr, EINVAL, "%s", word);
        return error_hint(reterr, -EINVAL, "Usage: nbox %s%s%s", a->verb->name, *a->verb->arguments ? " " : "", a->verb->arguments);
}

int verb_operands(VerbArgs *a, int min, int max, Error **reterr) {
        int r;

        while ((r = verb_next(a, reterr)) > 0)
                ;
        return r < 0 ? r : verb_check_operands(a, min, max, reterr);
}

int verb_for_each(const VerbArgs *args, int (*act)(const char *name, const void *how, Error **reterr), const void *how) {
        int failed = 0;

        for (int i = 0; i < args->n_operands; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = act(args->operands[i], how, &error);

                if (r < 0)
                        failed = log_report(LOG_LEVEL_ERROR, r, error);
        }
        return failed < 0 ? EXIT_FAILURE : 0;
}

bool verb_option_given(const Verb *verb, int argc, char **argv, const char *name) {
        VerbTables storage;
        const ArgTable *table = verb_tables(verb, &storage);
        ArgCursor cursor = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;

        for (;;) {
                int before = cursor.next, r = args_next(&cursor, table, &spec, &value, NULL);

                if (r < 0)
                        return false;
                if (r > 0 && spec->name && strcmp(spec->name, name) == 0)
                        return true;
                if (r == 0 && (cursor.next > before || cursor.next++ >= argc || (verb->flags & VERB_RUNS)))
                        return false;
        }
}
