/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "fd.h"
#include "json-text.h"
#include "log.h"
#include "oci-command.h"
#include "oci-state.h"
#include "strv.h"
#include "verb-list.h"

static const OciVerb *find(const char *name) {
        for (const OciVerb *v = oci_verbs; v->name; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}

static ArgTable table_of(const VerbOption *options) {
        size_t n = 0;

        while (options[n].spec.name)
                n++;
        return (ArgTable){ options, sizeof(VerbOption), n, NULL };
}

static void print_options(const VerbOption *options) {
        for (; options->spec.name; options++) {
                char left[64], letter[5] = "    ";

                if (options->spec.letter)
                        snprintf(letter, sizeof(letter), "-%c, ", options->spec.letter);
                snprintf(left, sizeof(left), "%s--%s%s%s", letter, options->spec.name, options->spec.placeholder ? "=" : "",
                         options->spec.placeholder ?: "");
                printf("  %-34s %s\n", left, options->help);
        }
}

static int help(const OciVerb *verb) {
        if (verb) {
                printf("nbox oci %s %s\n\n%s.\n", verb->name, verb->arguments, verb->help);
                if (verb->options->spec.name)
                        puts("");
                print_options(verb->options);
                return 0;
        }
        puts("nbox oci [OPTIONS] VERB …\n\nRun containers for engines that speak to OCI runtimes: see nbox-oci(1).\n");
        for (const OciVerb *v = oci_verbs; v->name; v++)
                printf("  %-34s %s\n", v->name, v->help);
        puts("");
        print_options(oci_global_options);
        return 0;
}

/* Up to the first word that is none, behind which they may go on: 0, or -EINVAL. */
static int take_options(OciWords *w, ArgCursor *cursor, const VerbOption *options, Error **reterr) {
        ArgTable table = table_of(options);
        const ArgSpec *spec;
        const char *value;
        int r;

        while ((r = args_next(cursor, &table, &spec, &value, reterr)) > 0) {
                r = oci_words_take(w, ((const VerbOption *) (const void *) spec)->id, value, reterr);
                if (r < 0)
                        return r;
        }
        return r;
}

static int take_operands(OciWords *w, const OciVerb *verb, ArgCursor *cursor, Error **reterr) {
        int r = take_options(w, cursor, verb->options, reterr);

        while (r >= 0 && cursor->next < cursor->argc) {
                bool rest = verb->max < 0 && w->n_operands >= 1;

                w->operands[w->n_operands++] = cursor->argv[cursor->next++];
                r = rest || (verb->max < 0 && w->n_operands >= 1) ? 0 : take_options(w, cursor, verb->options, reterr);
        }
        if (r < 0)
                return r;
        if (w->n_operands >= verb->min && (verb->max < 0 || w->n_operands <= verb->max))
                return 0;
        error_set(reterr, EINVAL, "nbox oci %s wants %s", verb->name, *verb->arguments ? verb->arguments : "no arguments");
        return error_hint(reterr, -EINVAL, "`nbox oci %s --help` says more.", verb->name);
}

/* One line, as engines read it. */
static void write_log(const OciWords *w, int r, const Error *error) {
        _cleanup_close_ int fd = w->log ? open(w->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
        const char *message = error ? error->message : strerror(-r);
        _cleanup_free_ char *line = NULL, *json = NULL;
        time_t now = time(NULL);
        char at[32];
        struct tm tm;
        json_t *j;

        if (fd < 0)
                return;
        strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        j = json_pack("{s:o, s:s, s:s}", "msg", json_text(message), "level", "error", "time", at);
        json = j ? json_dumps(j, JSON_COMPACT) : NULL;
        json_decref(j);
        if ((w->log_json ? asprintf(&line, "%s\n", json ?: "") : asprintf(&line, "time=\"%s\" level=error msg=\"%s\"\n", at, message)) >= 0)
                (void) fd_write_all(fd, line, strlen(line));
}

static int run(OciWords *w, int argc, char **argv, Error **reterr) {
        ArgCursor cursor = args_begin(argc, argv);
        const OciVerb *verb;
        int r = take_options(w, &cursor, oci_global_options, reterr);

        if (r < 0)
                return r;
        if (w->version)
                return printf("nbox-oci version " NBOX_VERSION "\nspec: 1.2.0\n") < 0 ? EXIT_FAILURE : 0;
        if (w->help || cursor.next >= argc || strcmp(argv[cursor.next], "help") == 0)
                return help(NULL);
        verb = find(argv[cursor.next]);
        if (!verb) {
                error_set(reterr, EINVAL, "Unknown verb 'oci %.80s'", argv[cursor.next]);
                return error_hint(reterr, -EINVAL, "`nbox oci --help` lists what there is.");
        }
        for (int i = cursor.next + 1; i < argc && verb->max >= 0; i++)
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
                        return help(verb);
        if (w->debug)
                (void) setenv("NBOX_LOG_LEVEL", "debug", 1);
        cursor = args_begin(argc - cursor.next, argv + cursor.next);
        r = take_operands(w, verb, &cursor, reterr);
        return r < 0 ? r : verb->run(w, reterr);
}

int verb_oci(int argc, char **argv, Error **reterr) {
        _cleanup_free_ char **operands = calloc((size_t) argc + 1, sizeof(*operands));
        OciWords w = { .root = OCI_ROOT, .bundle = ".", .operands = operands };
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!operands)
                return error_oom(reterr);
        r = run(&w, argc, argv, &error);
        strv_free(w.environment);
        strv_free(w.capabilities);
        if (r < 0) {
                write_log(&w, r, error);
                return error_pass(reterr, r, &error);
        }
        return r;
}
