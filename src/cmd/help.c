/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"

#include <string.h>

#include "log.h"
#include "options.h"
#include "resources.h"
#include "text.h"

#define LEFT_COLUMN 30

/* How many bytes of s fit into width columns, ending at a blank. */
static size_t fitting(const char *s, size_t width) {
        size_t end = 0;

        for (const char *p = s;; p++)
                if (*p == ' ' || *p == 0) {
                        if (string_columns(s, (size_t) (p - s)) > width)
                                return end ? end : (size_t) (p - s);
                        end = (size_t) (p - s);
                        if (*p == 0)
                                return end;
                }
}

void help_row(FILE *f, const char *left, const char *right) {
        size_t used = string_columns(left, strlen(left)) + 2;

        fprintf(f, "  %s", left);
        if (used + 2 > LEFT_COLUMN) {
                fputc('\n', f);
                used = 0;
        }
        while (*right) {
                size_t n = fitting(right, HELP_COLUMNS - LEFT_COLUMN);

                fprintf(f, "%*s%.*s\n", (int) (LEFT_COLUMN - used), "", (int) n, right);
                right += n;
                right += strspn(right, " ");
                used = 0;
        }
}

const char *help_option_spelling(const ArgSpec *s, char *buf, size_t size) {
        const char *open = s->optional ? "[" : "", *close = s->optional ? "]" : "";
        char letter[8] = "    ", name[160] = "", alias[80] = "";

        if (s->letter)
                snprintf(letter, sizeof(letter), s->name ? "-%c, " : "-%c", s->letter);
        if (s->name && s->placeholder)
                snprintf(name, sizeof(name), "--%s%s=%s%s", s->name, open, s->placeholder, close);
        else if (s->name)
                snprintf(name, sizeof(name), "--%s", s->name);
        else if (s->placeholder)
                snprintf(name, sizeof(name), " %s", s->placeholder);
        if (s->alias)
                snprintf(alias, sizeof(alias), ", --%s", s->alias);
        snprintf(buf, size, "%s%s%s", letter, name, alias);
        return buf;
}

static void heading(const char *text) {
        bool color = colors_wanted(STDOUT_FILENO);

        printf("\n%s%s:%s\n", color ? "\x1b[1m" : "", text, color ? "\x1b[0m" : "");
}

static void show_option(const ArgSpec *spec, const char *help) {
        char left[192];

        help_row(stdout, help_option_spelling(spec, left, sizeof(left)), help);
}

static void show_config_options(const Verb *verb) {
        const char *group = "";

        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &options[i];

                if (!verb_takes(verb, &o->spec) || (!o->spec.name && !o->spec.letter))
                        continue;
                if (strcmp(group, o->group) != 0)
                        heading(group = o->group);
                show_option(&o->spec, o->help);
        }
}

static void show_verb_options(const Verb *verb) {
        VerbTables storage;
        const ArgTable *table = verb_tables(verb, &storage);
        const ArgSpec *spec;

        heading("Options");
        for (size_t i = 0; (spec = args_iterate(&table, &i));)
                show_option(spec, ((const VerbOption *) spec)->help);
}

/* Of each row that is an option of boot's, too. */
static void show_limit_words(void) {
        heading("Words");
        for (Resource i = 0; i < RESOURCES; i++) {
                const Option *o = resource_option(i);
                char left[80];

                snprintf(left, sizeof(left), "%s=%s", o->spec.name, o->spec.placeholder);
                help_row(stdout, left, o->help);
        }
}

int help_verb(const Verb *verb) {
        printf("nbox %s%s%s\n\n%s.\n", verb->name, *verb->arguments ? " " : "", verb->arguments, verb->help);
        if (verb->flags & VERB_CONFIG)
                show_config_options(verb);
        else
                show_verb_options(verb);
        if (verb->operand == OPERAND_RESOURCES)
                show_limit_words();
        puts("\nSee nbox(1) for more.");
        return 0;
}

static void show_group(const char *group) {
        bool begun = false;

        for (const Verb *v = verbs; v->name; v++) {
                char left[160];

                if ((v->flags & VERB_HIDDEN) || strcmp(v->group, group) != 0)
                        continue;
                if (!begun)
                        heading(group);
                begun = true;
                snprintf(left, sizeof(left), "%s%s%s", v->name, *v->arguments ? " " : "", v->arguments);
                help_row(stdout, left, v->help);
        }
}

int help_all(void) {
        puts("nbox [--help] [--version] [-H HOST] [-M MACHINE] VERB …\n\nBoot whole operating systems in containers, each with its own init.");
        for (size_t i = 0; verb_groups[i]; i++)
                show_group(verb_groups[i]);
        puts("\n`nbox VERB --help` shows a verb's options; nbox(1) says more.");
        return 0;
}

int help_first_word(const char *word) {
        size_t n = strlen(word);

        for (const Verb *v = verbs; v->name; v++) {
                char left[160];

                if ((v->flags & VERB_HIDDEN) || strncmp(v->name, word, n) != 0 || v->name[n] != ' ')
                        continue;
                snprintf(left, sizeof(left), "%s%s%s", v->name, *v->arguments ? " " : "", v->arguments);
                help_row(stdout, left, v->help);
        }
        return 0;
}

int verb_help(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        const Verb *verb;
        int r = verb_operands(&args, 0, 2, reterr), skip;

        if (r < 0)
                return r;
        if (args.n_operands == 0)
                return help_all();
        if (args.n_operands == 1 && verb_is_first_word(args.operands[0])) {
                verb = verb_find(args.operands[0]); /* a verb by itself, too, as "snapshot" is */
                if (verb)
                        (void) help_verb(verb);
                return help_first_word(args.operands[0]);
        }
        verb = verb_find_words(args.operands, args.n_operands, &skip);
        if (!verb || args.n_operands > 1 + skip) {
                error_set(reterr, EINVAL, "Unknown verb '%.80s'", args.operands[0]);
                return error_hint(reterr, -EINVAL, "`nbox --help` lists the verbs.");
        }
        return help_verb(verb);
}
