/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dispatch.h"

#include <string.h>

#include "called-as.h"
#include "change.h"
#include "exit-status.h"
#include "help.h"
#include "log.h"
#include "remote.h"
#include "strv.h"
#include "suggest.h"
#include "verb.h"

typedef enum GlobalOption {
        GLOBAL_HELP = 1,
        GLOBAL_VERSION,
        GLOBAL_NO_PAGER,
        GLOBAL_HOST,
        GLOBAL_MACHINE,
} GlobalOption;

const VerbOption global_options[GLOBAL_OPTIONS + 1] = {
        { { "help", .letter = 'h' }, GLOBAL_HELP, "Show this help" },
        { { "version" }, GLOBAL_VERSION, "Show the version" },
        { { "no-pager" }, GLOBAL_NO_PAGER, "Accepted and without effect: there is no pager" },
        { { "host", .letter = 'H', .placeholder = "[USER@]HOST[:PORT]" }, GLOBAL_HOST, "Do it on another host, by ssh" },
        { { "machine", .letter = 'M', .placeholder = "[USER@]NAME" }, GLOBAL_MACHINE, "Do it in a machine, with the nbox there" },
        {},
};

/* What other programs have taught people's fingers. */
static const char *habit_of(const char *word) {
        static const char *const habits[][2] = {
                { "rm", "remove" }, { "del", "remove" }, { "delete", "remove" }, { "ls", "list" }, { "new", "create" }, { "info", "show" },
                { "inspect", "show" },
        };

        for (size_t i = 0; i < ELEMENTSOF(habits); i++)
                if (strcmp(word, habits[i][0]) == 0)
                        return habits[i][1];
        return word;
}

static const char *verb_habit_of(const char *word) {
        static const char *const habits[][2] = {
                { "pause", "freeze" }, { "suspend", "freeze" }, { "unpause", "thaw" }, { "resume", "thaw" }, { "unfreeze", "thaw" },
        };

        for (size_t i = 0; i < ELEMENTSOF(habits); i++)
                if (strcmp(word, habits[i][0]) == 0)
                        return habits[i][1];
        return word;
}

/* "network" is about the host's side of it all; what other programs call networks are zones here. */
static const char *subject_of(const char *first, const char *second) {
        static const char *const of_zones[] = { "list", "show", "create", "remove" };

        for (size_t i = 0; strcmp(first, "network") == 0 && i < ELEMENTSOF(of_zones); i++)
                if (strcmp(habit_of(second), of_zones[i]) == 0)
                        return "zone";
        return first;
}

static const char *suggest_second_word(const char *first, const char *second) {
        const char *wanted = habit_of(second);
        Suggestion best = suggestion_begin(wanted, strlen(wanted));
        size_t n = strlen(first);

        for (const Verb *v = verbs; v->name; v++)
                if (!(v->flags & VERB_HIDDEN) && strncmp(v->name, first, n) == 0 && v->name[n] == ' ')
                        suggestion_offer(&best, v->name + n + 1);
        return best.name;
}

static int unknown_second_word(const char *first, const char *second, Error **reterr) {
        const char *subject = second ? subject_of(first, second) : first;
        const char *meant = second ? suggest_second_word(subject, second) : NULL;

        if (!second)
                error_set(reterr, EINVAL, "A word is missing behind 'nbox %s'", first);
        else
                error_set(reterr, EINVAL, "Unknown verb '%s %.80s'", first, second);
        if (meant)
                return error_hint(reterr, -EINVAL, "Did you mean `nbox %s %s`?", subject, meant);
        return error_hint(reterr, -EINVAL, "`nbox %s --help` lists what there is.", first);
}

/* "ports" for "port". */
static bool is_plural_of_first_word(const char *name) {
        size_t n = strlen(name);
        char word[32];

        if (n < 2 || n > sizeof(word) || name[n - 1] != 's')
                return false;
        snprintf(word, sizeof(word), "%.*s", (int) (n - 1), name);
        return verb_is_first_word(word);
}

/* `words` ends with NULL. */
static int unknown_verb(char **words, Error **reterr) {
        const char *name = words[0], *meant;
        Suggestion best = {};

        if (!name) {
                error_set(reterr, EINVAL, "No verb is given");
                return error_hint(reterr, -EINVAL, "`nbox --help` lists the verbs.");
        }
        if (verb_is_first_word(name))
                return unknown_second_word(name, words[1], reterr);
        meant = verb_habit_of(name);
        best = suggestion_begin(meant, strlen(meant));
        for (const Verb *v = verbs; v->name; v++)
                if (!(v->flags & VERB_HIDDEN))
                        suggestion_offer(&best, v->name);
        error_set(reterr, EINVAL, "Unknown verb '%.80s'", name);
        if (is_plural_of_first_word(name))
                return error_hint(reterr, -EINVAL, "Did you mean `nbox %.*s`? With --help behind it, it lists what there is.",
                                  (int) strlen(name) - 1, name);
        if (best.name)
                return error_hint(reterr, -EINVAL, "Did you mean `nbox %s`?", best.name);
        return error_hint(reterr, -EINVAL, "`nbox --help` lists the verbs.");
}

static bool asks_for_help(const char *word) {
        return word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0);
}

static int refuse_without_root(const Verb *verb, int argc, char **argv, Error **reterr) {
        _cleanup_free_ char *words = NULL;

        if (!(verb->flags & VERB_ROOT) || geteuid() == 0 || verb_option_given(verb, argc, argv, "dry-run"))
                return 0;
        words = strv_join(argv, " ");
        error_set(reterr, EPERM, "nbox %s needs root", verb->name);
        return error_hint(reterr, -EPERM, "Try: sudo nbox %s", words ? words : verb->name);
}

/* What another nbox was killed in the middle of: before anything is looked at that is neither old nor new. */
static void end_what_was_begun(const Verb *verb) {
        _cleanup_(error_freep) Error *error = NULL;

        if (geteuid() == 0 && !(verb->flags & VERB_HIDDEN) && change_recover(&error) < 0)
                log_report(LOG_LEVEL_WARNING, 0, error);
}

static int run_verb(const Remote *where, const Verb *verb, int argc, char **argv, Error **reterr) {
        int r;

        if (!(verb->flags & VERB_OWN_ARGS) && verb_option_given(verb, argc, argv, "help"))
                return help_verb(verb);
        if (remote_is_given(where))
                return remote_run(where, verb, argc, argv, reterr);
        r = refuse_without_root(verb, argc, argv, reterr);
        if (r < 0)
                return r;
        end_what_was_begun(verb);
        return verb->run(argc, argv, reterr);
}

/* What was printed may be a file on a full disk: said, not lost. */
static int flush_output(int status) {
        int r = fflush(stdout) == 0 ? 0 : errno;

        if (r == 0 && (!ferror(stdout) || status))
                return status; /* whoever has failed has said so */
        if (r != EPIPE)
                log_error("Cannot write the output%s%s", r ? ": " : "", r ? strerror(r) : "");
        return status ? status : EXIT_FAILURE;
}

static int report(int r, const Error *error, int status) {
        log_report(LOG_LEVEL_ERROR, r, error);
        return flush_output(status);
}

/* 0 with *next at the verb; 1: that was all. */
static int parse_globals(int argc, char **argv, Remote *where, int *next, Error **reterr) {
        static const ArgTable table = { global_options, sizeof(VerbOption), GLOBAL_OPTIONS, NULL };
        ArgCursor args = args_begin(argc, argv);
        const ArgSpec *spec;
        const char *value;
        int r, q = 0;

        while (q >= 0 && (r = args_next(&args, &table, &spec, &value, reterr)) > 0)
                switch ((GlobalOption) ((const VerbOption *) spec)->id) {
                case GLOBAL_HELP:
                        help_all();
                        return 1;
                case GLOBAL_VERSION:
                        puts("nbox " NBOX_VERSION);
                        return 1;
                case GLOBAL_NO_PAGER:
                        break;
                case GLOBAL_HOST:
                        q = remote_parse_host(where, value, reterr);
                        break;
                case GLOBAL_MACHINE:
                        q = remote_parse_machine(where, value, reterr);
                        break;
                }
        *next = args.next;
        return q < 0 ? q : r;
}

/* own_failure: the exit status of what runs something where nbox itself fails. */
static int dispatch_words(int argc, char **argv, int own_failure) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(remote_done) Remote where = {};
        const Verb *verb;
        int skip, next, r;
        char **words;

        r = parse_globals(argc, argv, &where, &next, &error);
        if (r != 0)
                return r < 0 ? report(r, error, EXIT_FAILURE) : flush_output(0);
        words = argv + next;
        verb = verb_find_words(words, argc - next, &skip);
        if (!verb && words[0] && verb_is_first_word(words[0]) && asks_for_help(words[1]))
                return flush_output(help_first_word(words[0]));
        if (!verb) {
                r = unknown_verb(words, &error);
                return report(r, error, EXIT_FAILURE);
        }
        r = run_verb(&where, verb, argc - next - skip, words + skip, &error);
        if (r < 0)
                return report(r, error, verb->flags & VERB_RUNS ? own_failure : EXIT_FAILURE);
        return flush_output(r);
}

int dispatch_verb(int argc, char **argv, Error **reterr) {
        const Verb *verb = verb_find(argv[0]);
        Remote here = {};

        return verb ? run_verb(&here, verb, argc, argv, reterr) : unknown_verb(argv, reterr);
}

/* Another program's command line first becomes one of ours. */
int dispatch(int argc, char **argv) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_strv_ char **words = NULL;
        int r = called_as(argc, argv, &words, &error);

        if (r < 0)
                return report(r, error, EXIT_FAILURE);
        return r > 0 ? dispatch_words((int) strv_length(words), words, EXIT_FAILURE) : dispatch_words(argc, argv, EXIT_OWN_FAILURE);
}
