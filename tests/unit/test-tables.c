/* SPDX-License-Identifier: GPL-2.0-or-later */

/* That the tables of verbs and options are whole, and that what is made of them (--help, completion, the man pages)
 * leaves nothing out. */

#include <stdarg.h>
#include <unistd.h>

#include "dispatch.h"
#include "help.h"
#include "options.h"
#include "plan-explain.h"
#include "strv.h"
#include "verb-list.h"

#include "unit.h"

/* What a command line prints on stdout; the caller's. */
static char *output_of(const char *const *words, int *ret_status) {
        _cleanup_strv_ char **copy = strv_copy((char *const *) words);
        _cleanup_free_ char **argv = calloc(strv_length(copy) + 1, sizeof(char *));
        FILE *file = tmpfile();
        char *text = calloc(1, 512 * 1024);
        int saved;

        assert_true(file && text && copy && argv);
        memcpy(argv, copy, strv_length(copy) * sizeof(char *));
        fflush(stdout);
        saved = dup(STDOUT_FILENO);
        assert_true(saved >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
        *ret_status = dispatch((int) strv_length(copy), argv);
        fflush(stdout);
        assert_true(dup2(saved, STDOUT_FILENO) >= 0);
        close(saved);
        rewind(file);
        assert_true(fread(text, 1, 512 * 1024 - 1, file) < 512 * 1024 - 1);
        fclose(file);
        return text;
}

#define OUTPUT(...) output((const char *const[]){ "nbox", __VA_ARGS__, NULL })

static char *output(const char *const *words) {
        int status;
        char *text = output_of(words, &status);

        assert_int_equal(status, 0);
        return text;
}

static bool has_line(const char *text, const char *line) {
        size_t n = strlen(line);

        for (const char *p = text; (p = strstr(p, line)); p++)
                if ((p == text || p[-1] == '\n') && (p[n] == '\n' || p[n] == 0))
                        return true;
        return false;
}

static void assert_has_line(const char *text, const char *line) {
        if (!has_line(text, line))
                fail_msg("no line '%s' in:\n%s", line, text);
}

static bool is_hidden(const Verb *v) {
        return v->flags & VERB_HIDDEN;
}

static void verbs_are_whole(void **state _unused_) {
        for (const Verb *v = verbs; v->name; v++) {
                assert_non_null(v->arguments);
                assert_non_null(v->run);
                assert_non_null(v->group);
                assert_true(v->help && v->help[strlen(v->help) - 1] != '.');
                assert_ptr_equal(verb_find(v->name), v);
                for (const VerbOption *o = v->options; o && (o->spec.name || o->spec.letter); o++) {
                        assert_true(o->id > 0);
                        assert_true(o->help && o->help[strlen(o->help) - 1] != '.');
                        for (const VerbOption *p = v->options; p < o; p++) {
                                assert_int_not_equal(p->id, o->id);
                                if (o->spec.letter)
                                        assert_int_not_equal(p->spec.letter, o->spec.letter);
                                if (o->spec.name && p->spec.name)
                                        assert_string_not_equal(p->spec.name, o->spec.name);
                        }
                }
        }
        assert_null(verb_find("no-such-verb"));
}

/* The headings of boot's options come from the order of the table: a group that begins twice would be shown twice. */
static void groups_are_whole(void **state _unused_) {
        for (const Verb *v = verbs; v->name; v++)
                assert_true(strv_contains((char *const *) verb_groups, v->group));
        for (size_t i = 0; i < n_options; i++)
                for (size_t j = 0; j < i; j++)
                        if (strcmp(options[j].group, options[i].group) == 0)
                                assert_string_equal(options[i - 1].group, options[i].group);
}

static void assert_fits(const char *text) {
        size_t column = 0;

        for (const char *p = text; *p; p++) {
                if (*p == '\n')
                        column = 0;
                else
                        column += ((unsigned char) *p & 0xc0) != 0x80;
                if (column > HELP_COLUMNS)
                        fail_msg("wider than %d: %.*s", HELP_COLUMNS, (int) column, p + 1 - column);
                assert_int_not_equal(*p, '\x1b'); /* stdout is no terminal */
        }
}

static void help_names_everything(void **state _unused_) {
        _cleanup_free_ char *all = OUTPUT("--help");

        assert_fits(all);
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *one = OUTPUT("help", v->name);
                VerbTables storage;
                const ArgTable *table = verb_tables(v, &storage);
                const ArgSpec *spec;
                char word[128];

                snprintf(word, sizeof(word), "\n  %s ", v->name);
                assert_int_equal(!is_hidden(v), !!strstr(all, word) || (snprintf(word, sizeof(word), "\n  %s\n", v->name) && strstr(all, word)));
                assert_fits(one);
                for (size_t i = 0; (spec = args_iterate(&table, &i));) {
                        if (!verb_takes(v, spec))
                                continue;
                        if (spec->name && (snprintf(word, sizeof(word), " --%s", spec->name), !strstr(one, word)))
                                fail_msg("nbox %s --help does not name --%s", v->name, spec->name);
                }
        }
}

static void help_stands_anywhere_before_the_operand(void **state _unused_) {
        _cleanup_free_ char *a = OUTPUT("boot", "--hostname", "x", "-h"), *b = OUTPUT("help", "boot"), *c = OUTPUT("boot", "-qh", "web");
        _cleanup_free_ char *d = OUTPUT("--no-pager", "help", "boot", "--no-pager");

        assert_string_equal(a, b);
        assert_string_equal(c, b);
        assert_string_equal(d, b);
}

/* What verb_next() returns one after the other, as text, and what is left. */
static void assert_args(const char *const *words, const char *ids, const char *operands, bool json) {
        _cleanup_strv_ char **copy = strv_copy((char *const *) words);
        _cleanup_free_ char **argv = calloc(strv_length(copy) + 1, sizeof(char *)), *left = NULL;
        VerbArgs args;
        size_t n = 0;
        int r;

        memcpy(argv, copy, strv_length(copy) * sizeof(char *));
        args = verb_args((int) strv_length(copy), argv);
        while ((r = verb_next(&args, NULL)) > 0)
                assert_int_equal(ids[n++], r);
        assert_int_equal(r, 0);
        assert_int_equal(ids[n], 0);
        left = strv_join(args.operands, " ");
        assert_string_equal(left, operands);
        assert_int_equal(strv_length(args.operands), args.n_operands);
        assert_int_equal(args.json, json);
}

static void options_and_operands_of_a_verb(void **state _unused_) {
        assert_args((const char *const[]){ "exec", "-t", "--user=x", "web", "ls", "-t", "--json", NULL }, "tu", "web ls -t --json", false);
        assert_args((const char *const[]){ "exec", "-t", "--", "-x", "-t", NULL }, "t", "-x -t", false);
        assert_args((const char *const[]){ "show", "a", "-p", "X", "b", "--json", "--no-pager", "-pY", NULL }, "pp", "a b", true);
        assert_args((const char *const[]){ "show", "a", "--", "-p", "b", NULL }, "", "a -p b", false);
        assert_args((const char *const[]){ "show", "--", "b", "-p", NULL }, "", "b -p", false);
        assert_args((const char *const[]){ "show", NULL }, "", "", false);
        assert_args((const char *const[]){ "poweroff", "a", "--wait", NULL }, "w", "a", false);
}

static void wrong_command_lines(void **state _unused_) {
        static const struct {
                const char *words[6]; /* ends with NULL */
                int status;
        } cases[] = {
                { { "nbox" }, 1 },
                { { "nbox", "hepl" }, 1 },
                { { "nbox", "--frob" }, 1 },
                { { "nbox", "help", "frob" }, 1 },
                { { "nbox", "help", "boot", "run" }, 1 },
                { { "nbox", "boot", "--frob" }, 125 },
                { { "nbox", "run" }, 125 },
        };
        int saved = dup(STDERR_FILENO);

        assert_true(saved >= 0 && freopen("/dev/null", "w", stderr));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int status;
                _cleanup_free_ char *text = output_of(cases[i].words, &status);

                if (geteuid() == 0 || strcmp(cases[i].words[1] ?: "", "boot") != 0)
                        assert_int_equal(status, cases[i].status);
                assert_string_equal(text, "");
        }
        dup2(saved, STDERR_FILENO);
        close(saved);
}

/* What is offered, without the descriptions. */
static char *offered(const char *words, ...) {
        const char *arguments[10] = { "nbox", "__complete" };
        char *text, *out;
        va_list ap;
        size_t n = 2;

        va_start(ap, words);
        for (const char *w = words; w; w = va_arg(ap, const char *))
                arguments[n++] = w;
        va_end(ap);
        text = out = output(arguments);
        for (const char *p = text; *p;) {
                if (*p == '\t')
                        p += strcspn(p, "\n");
                *out++ = *p++;
        }
        *out = 0;
        return text;
}
#define OFFERED(...) offered(__VA_ARGS__, NULL)

static void completion_offers_everything(void **state _unused_) {
        _cleanup_free_ char *all = OFFERED("");

        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *one = NULL;
                VerbTables storage;
                const ArgTable *table = verb_tables(v, &storage);
                const ArgSpec *spec;

                char first[32];
                const char *second = strchr(v->name, ' ');

                snprintf(first, sizeof(first), "%.*s", (int) strcspn(v->name, " "), v->name);
                assert_int_equal(has_line(all, first), !is_hidden(v));
                if (is_hidden(v))
                        continue;
                if (second) {
                        _cleanup_free_ char *seconds = OFFERED(first, "");

                        assert_has_line(seconds, second + 1);
                        one = OFFERED(first, second + 1, "--");
                } else
                        one = OFFERED(first, "--");
                for (size_t i = 0; (spec = args_iterate(&table, &i));) {
                        char word[128];

                        if (!verb_takes(v, spec))
                                continue;
                        if (!spec->name)
                                continue;
                        snprintf(word, sizeof(word), "--%s%s", spec->name, spec->placeholder && !spec->optional ? "=" : "");
                        assert_has_line(one, word);
                }
        }
}

static void completion_knows_the_place(void **state _unused_) {
        static const struct {
                const char *words[6]; /* ends with NULL */
                const char *offered;
        } cases[] = {
                { { "bo" }, "boot\n" },
                { { "--v" }, "--version\n" },
                { { "help", "bo" }, "boot\n" },
                { { "no-such-verb", "" }, "" },
                { { "boot", "--console", "p" }, "passive\npipe\n" },
                { { "boot", "--console=p" }, "--console=passive\n--console=pipe\n" },
                { { "boot", "--network=n" }, "--network=none\n--network=ns:\n" },
                { { "boot", "--network=br" }, "--network=bridge:\n" },
                { { "boot", "--network=veth,v" }, "" },
                { { "boot", "--network=bridge:b,address=10.0.0.2/24,v" }, "--network=bridge:b,address=10.0.0.2/24,vlan=\n" },
                { { "boot", "--network=zone:defa" }, "--network=zone:default\n" },
                { { "boot", "--register=" }, "--register=yes\n--register=no\n" },
                { { "boot", "--read-only=" }, "" },
                { { "boot", "-D", "" }, ":dirs\n" },
                { { "boot", "-qD", "" }, ":dirs\n" },
                { { "boot", "-p", "t" }, "tcp:\n" },
                { { "boot", "--bind=+/sr" }, ":files\n" },
                { { "boot", "--bind", "/srv:/mnt" }, "" },
                { { "boot", "--bind=/srv:/mnt:rbind,root" }, "--bind=/srv:/mnt:rbind,rootidmap\n" },
                { { "boot", "--property=CPUQuota" }, "--property=CPUQuota=\n--property=CPUQuotaPeriodSec=\n" },
                { { "run", "web", "ls", "--" }, "" },
                { { "kill", "-s", "SIGTE" }, "SIGTERM\n" },
                { { "kill", "--signal=SIGRTMIN+4" }, "--signal=SIGRTMIN+4\n" },
                { { "kill", "--kill-whom", "" }, "leader\nall\n" },
                { { "create", "x", "--os", "b" }, "busybox\n" },
                { { "show", "-p", "name,addr" }, "" }, /* as they are written */
                { { "show", "-p", "Name,Addr" }, "Name,Address\n" },
        };
        _cleanup_free_ char *image = OFFERED("boot", ""), *described = OUTPUT("__complete", "bo");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *const *w = cases[i].words;
                _cleanup_free_ char *got = offered(w[0], w[1], w[2], w[3], w[4]);

                assert_string_equal(got, cases[i].offered);
        }
        assert_has_line(image, ":dirs");
        assert_string_equal(described, "boot\tBoot a tree's own init\n");
}

/* Words that nobody would type, with a fixed seed: completion says something or nothing, and reads nothing it must not. */
static void completion_of_nonsense(void **state _unused_) {
        static const char *const words[] = { "nbox", "boot", "run", "exec", "--", "-", "=", "", "-D", "--network", "--network=", "-qaD", "--=",
                "web", "--console", "-E", "help", "show", "-p", "--bind=/x", "--private-users" };
        unsigned state_of = 4711;

        for (int i = 0; i < 3000; i++) {
                const char *line[13] = { "nbox", "__complete" };
                char cword[8];
                int n = 2 + i % 8, status;
                _cleanup_free_ char *text = NULL;

                snprintf(cword, sizeof(cword), "%d", 1 + i % 9);
                line[2] = cword;
                for (int j = 0; j < n; j++) {
                        state_of = state_of * 1103515245 + 12345;
                        line[3 + j] = words[(state_of >> 16) % ELEMENTSOF(words)];
                }
                text = output_of(line, &status);
                assert_true(status == 0 || (status == 1 && !*text));
        }
}

/* A dash in a page is "\-". */
static void assert_page_has(const char *page, const char *dashes, const char *name) {
        char word[256], *o = word;

        for (const char *part = dashes; part; part = part == dashes ? name : NULL)
                for (const char *p = part; *p; p++) {
                        if (*p == '-')
                                *o++ = '\\';
                        *o++ = *p;
                }
        *o = 0;
        if (!strstr(page, word))
                fail_msg("the page does not have '%s'", word);
}

static void man_pages_name_everything(void **state _unused_) {
        _cleanup_free_ char *source = realpath(TEST_SOURCE_DIR "/man/nbox.1.in", NULL);
        _cleanup_free_ char *settings_source = realpath(TEST_SOURCE_DIR "/man/nbox.conf.5.in", NULL);
        _cleanup_free_ char *page = OUTPUT("__man", source), *settings = OUTPUT("__man", settings_source);

        assert_null(strchr(page, '@') ? strstr(page, "@\n") : NULL);
        assert_null(strstr(settings, "@\n"));
        for (const Verb *v = verbs; v->name; v++) {
                if (is_hidden(v))
                        continue;
                assert_page_has(page, "\n.TP\n\\fB", v->name);
                for (const VerbOption *o = v->options; o && o->spec.name; o++)
                        assert_page_has(page, "\\fB--", o->spec.name);
        }
        for (size_t i = 0; i < n_options; i++) {
                if (options[i].flags & OPTION_HIDDEN)
                        continue;
                if (options[i].spec.name)
                        assert_page_has(page, "\\fB--", options[i].spec.name);
                if (options[i].spec.alias)
                        assert_page_has(page, "\\fB--", options[i].spec.alias);
                if (options[i].key)
                        assert_page_has(settings, "\n.TP\n\\fB", options[i].key);
        }
}

/* `show --plan` would say that it is by default. */
static void the_plan_knows_who_is_behind_it(void **state _unused_) {
        for (size_t i = 0; i < n_options; i++) {
                Field f = options[i].field;

                /* the verb decides; how long a start waits is nothing of the plan's */
                if (options[i].key && f != FIELD_BOOT && f != FIELD_READY_WAIT && !plan_explains(f))
                        fail_msg("no value of the plan is said to come from %s=: a line in keys[] of plan-explain.c", options[i].key);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verbs_are_whole),
                cmocka_unit_test(groups_are_whole),
                cmocka_unit_test(help_names_everything),
                cmocka_unit_test(help_stands_anywhere_before_the_operand),
                cmocka_unit_test(options_and_operands_of_a_verb),
                cmocka_unit_test(wrong_command_lines),
                cmocka_unit_test(completion_offers_everything),
                cmocka_unit_test(completion_knows_the_place),
                cmocka_unit_test(completion_of_nonsense),
                cmocka_unit_test(the_plan_knows_who_is_behind_it),
                cmocka_unit_test(man_pages_name_everything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
