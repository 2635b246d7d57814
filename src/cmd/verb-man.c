/* SPDX-License-Identifier: GPL-2.0-or-later */

/* `nbox __man TEMPLATE`: a man page (man(7) macros) from man/NAME.in, whose lines @OPTIONS@, @VERBS@ and others are
 * replaced by what the tables say. The build runs it, so that a page cannot forget an option. */

#include <string.h>

#include "doctor.h"
#include "init.h"
#include "man-oci.h"
#include "man-text.h"
#include "man-words.h"
#include "metrics.h"
#include "options.h"
#include "parse.h"
#include "resources.h"
#include "specifiers.h"
#include "verb-list.h"

static void put_option_name(const char *dashes, const char *name, const ArgSpec *spec) {
        fputs("\\fB", stdout);
        put_text(dashes);
        put_text(name);
        fputs("\\fR", stdout);
        if (!spec->placeholder)
                return;
        if (dashes[1] == 0)
                fputs(" \\fI", stdout);
        else
                fputs(spec->optional ? "[=\\fI" : "=\\fI", stdout);
        put_text(spec->placeholder);
        fputs(spec->optional && dashes[1] ? "\\fR]" : "\\fR", stdout);
}

static void put_spellings(const ArgSpec *spec) {
        char letter[2] = { spec->letter, 0 };
        const char *separator = "";

        puts(".TP");
        if (spec->letter && !(spec->optional && spec->name)) {
                put_option_name("-", letter, spec);
                separator = ", ";
        }
        if (spec->name) {
                fputs(separator, stdout);
                put_option_name("--", spec->name, spec);
                separator = ", ";
        }
        if (spec->alias) {
                fputs(separator, stdout);
                put_option_name("--", spec->alias, spec);
        }
        putchar('\n');
}

static void put_about(const Option *o) {
        put_text(o->help);
        puts(".");
        if (o->about)
                put_paragraph(o->about);
        if ((o->flags & OPTION_BOTH) == OPTION_RUN)
                puts("Only for \\fBrun\\fR.");
        if ((o->flags & OPTION_BOTH) == OPTION_BOOT)
                puts("Only for \\fBboot\\fR.");
}

static void put_options(void) {
        const char *group = "";

        for (size_t i = 0; i < n_options; i++) {
                const Option *o = &options[i];

                if ((!o->spec.name && !o->spec.letter) || (o->flags & OPTION_HIDDEN))
                        continue;
                if (strcmp(group, o->group) != 0) {
                        group = o->group;
                        printf(".SS %s\n", group);
                }
                put_spellings(&o->spec);
                put_about(o);
                if (o->key) {
                        printf("In a settings file: \\fB%s=\\fR in [%s].\n", o->key, o->section);
                }
        }
}

static void put_settings(void) {
        static const char *const sections[] = { "Exec", "Boot", "Health", "Files", "Network", RESOURCES_SECTION };

        for (size_t s = 0; s < ELEMENTSOF(sections); s++) {
                printf(".SS [%s]\n", sections[s]);
                for (size_t i = 0; i < n_options; i++) {
                        const Option *o = &options[i];
                        char name[64];

                        if (!o->key || strcmp(o->section, sections[s]) != 0)
                                continue;
                        printf(".TP\n\\fB%s=\\fR\n", o->key);
                        put_about(o);
                        if (o->spec.name) {
                                fputs("The same as ", stdout);
                                put_bold(args_spelling(&o->spec, name));
                                puts(o->spec.placeholder ? "." : ", but takes yes or no.");
                        }
                        if (o->flags & OPTION_PRIVILEGED)
                                puts("Privileged.");
                }
        }
}

static void put_verb(const Verb *v) {
        VerbTables storage;
        const ArgTable *table = verb_tables(v, &storage);
        const ArgSpec *spec;

        puts(".TP");
        put_bold(v->name);
        if (*v->arguments)
                putchar(' ');
        put_paragraph(v->arguments);
        put_text(v->help);
        puts(".");
        if (v->flags & VERB_CONFIG) {
                puts("Its options are listed below.");
                return;
        }
        if (v->flags & VERB_JSON)
                puts("With \\fB\\-\\-json\\fR, as JSON.");
        if (!v->options)
                return;
        puts(".RS");
        for (size_t i = 0; (spec = args_iterate(&table, &i)) && table->first == v->options;) {
                put_spellings(spec);
                put_text(((const VerbOption *) spec)->help);
                puts(".");
        }
        puts(".RE");
}

static void put_verbs(void) {
        for (size_t i = 0; verb_groups[i]; i++) {
                printf(".SS %s\n", verb_groups[i]);
                for (const Verb *v = verbs; v->name; v++)
                        if (!(v->flags & VERB_HIDDEN) && strcmp(v->group, verb_groups[i]) == 0)
                                put_verb(v);
        }
}

static void put_checks_of(const DoctorCheck *(*iterate)(size_t *i)) {
        const DoctorCheck *check;

        for (size_t i = 0; (check = iterate(&i));) {
                puts(".TP");
                put_bold(check->name);
                putchar('\n');
                put_paragraph(check->what);
        }
}

static void put_checks(void) {
        put_checks_of(doctor_check_iterate);
        puts(".PP\nOf a machine that is named:");
        put_checks_of(doctor_image_check_iterate);
}

static void put_way(const InitTraits *t, InitAction action) {
        char text[SIGNAL_TEXT_MAX];

        if (t->signals[action] > 0)
                printf("%s%s", signal_to_text(t->signals[action], text), t->or_program ? " or its own" : "");
        else
                fputs("its own", stdout);
}

static void put_init(InitKind kind) {
        const InitTraits *t = init_traits(kind);

        put_text(t->title);
        putchar('|');
        put_text(init_kind_to_string(kind));
        for (InitAction a = 0; a < INIT_ACTIONS; a++) {
                putchar('|');
                put_way(t, a);
        }
        putchar('\n');
}

/* The unknown ones come last. */
static void put_inits(void) {
        puts(".TS\ntab(|);\nlB1 lB1 lB1 lB1 lB\nl1 l1 l1 l1 l.\ninit|Init=|power off|halt|reboot");
        for (InitKind k = INIT_OTHER + 1; k < INIT_KINDS; k++)
                put_init(k);
        put_init(INIT_OTHER);
        puts(".TE");
        for (InitKind k = 0; k < INIT_KINDS; k++)
                if (init_traits(k)->about) {
                        puts(".TP");
                        put_bold(init_traits(k)->title);
                        putchar('\n');
                        put_paragraph(init_traits(k)->about);
                }
}

static void put_nspawn_options(void) {
        man_put_words(WORD_NSPAWN_OPTION);
}

static void put_nspawn_keys(void) {
        man_put_words(WORD_NSPAWN_KEY);
}

static void put_machinectl_verbs(void) {
        man_put_words(WORD_MACHINECTL_VERB);
}

static void put_machinectl_options(void) {
        man_put_words(WORD_MACHINECTL_OPTION);
}

static void put_specifiers(void) {
        puts(".TS\ntab(|);\nlB l.");
        for (const Specifier *s = specifiers; s->letter; s++) {
                printf("%%%c|T{\n", s->letter);
                put_paragraph(s->help);
                puts("T}");
        }
        puts(".TE");
}

/* By the names that their samples have. */
static void put_metrics(void) {
        static const char *const types[] = {
                [METRIC_COUNTER] = "A counter.", [METRIC_GAUGE] = "A gauge.", [METRIC_INFO] = "Labels, with the value 1.",
                [METRIC_STATESET] = "A set of states: 1 for the one that is so, 0 for the others.",
        };
        const MetricName *m;

        for (size_t i = 0; (m = metrics_iterate(&i));) {
                printf(".TP\n\\fB");
                put_text(m->name);
                printf("%s\\fR\n", metric_suffix(m->type));
                put_paragraph(m->help);
                puts(types[m->type]);
        }
}

static const struct {
        const char *line;
        void (*put)(void);
} lists[] = {
        { "@CHECKS@\n", put_checks },
        { "@INITS@\n", put_inits },
        { "@MACHINECTL_OPTIONS@\n", put_machinectl_options },
        { "@MACHINECTL_VERBS@\n", put_machinectl_verbs },
        { "@METRICS@\n", put_metrics },
        { "@NSPAWN_KEYS@\n", put_nspawn_keys },
        { "@NSPAWN_OPTIONS@\n", put_nspawn_options },
        { "@OCI_FIELDS@\n", man_put_oci_fields },
        { "@OCI_OPTIONS@\n", man_put_oci_options },
        { "@OCI_VERBS@\n", man_put_oci_verbs },
        { "@OPTIONS@\n", put_options },
        { "@SETTINGS@\n", put_settings },
        { "@SPECIFIERS@\n", put_specifiers },
        { "@VERBS@\n", put_verbs },
};

static void put_line(const char *line) {
        static const char version[] = "@VERSION@";
        const char *at = strstr(line, version);

        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                if (strcmp(lists[i].line, line) == 0) {
                        lists[i].put();
                        return;
                }
        if (at)
                printf("%.*s%s%s", (int) (at - line), line, NBOX_VERSION, at + strlen(version));
        else
                fputs(line, stdout);
}

int verb_man(int argc, char **argv, Error **reterr) {
        _cleanup_fclose_ FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        if (argc != 2)
                return error_set(reterr, EINVAL, "Usage: nbox __man TEMPLATE");
        f = fopen(argv[1], "re");
        if (!f)
                return error_errno(reterr, errno, "Cannot open %s", argv[1]);
        while (getline(&line, &size, f) >= 0)
                put_line(line);
        if (ferror(f))
                return error_errno(reterr, EIO, "Cannot read %s", argv[1]);
        return 0;
}
