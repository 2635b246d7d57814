/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "log.h"
#include "settings-check.h"
#include "table.h"
#include "verb-list.h"

/* nbox verify: what is wrong with settings, on stdout, as compilers say it: an editor finds the line. Needs root for nothing but what
 * only root may read. */

enum { OPT_STRICT = 256 };

const VerbOption verify_options[] = {
        { { .name = "strict" }, OPT_STRICT, "Fail for warnings, too" },
        {},
};

typedef struct Verdict {
        unsigned errors, warnings;
        json_t *all; /* NULL: they are printed */
} Verdict;

static void put(const SettingsRemark *r) {
        char text[1024];

        printf("%s:", r->path);
        if (r->line > 0)
                printf("%u:", r->line);
        printf(" %s: %s\n", r->is_error ? "error" : "warning", show_text(r->text, text, sizeof(text)));
        if (r->hint)
                printf("  %s\n", show_text(r->hint, text, sizeof(text)));
}

static void said(void *userdata, const SettingsRemark *r) {
        Verdict *v = userdata;

        if (r->is_error)
                v->errors++;
        else
                v->warnings++;
        if (!v->all) {
                put(r);
                return;
        }
        json_array_append_new(v->all, json_pack("{s:o, s:o, s:s, s:o, s:o}", "file", json_text(r->path), "line",
                                                r->line > 0 ? json_integer(r->line) : json_null(), "severity", r->is_error ? "error" : "warning",
                                                "message", json_text(r->text), "hint", json_text(r->hint)));
}

static int verify_name(const char *name, const SettingsWatch *watch, Error **reterr) {
        _cleanup_(settings_subject_done) SettingsSubject subject = {};
        int r = settings_subject_find(name, &subject, reterr);

        return r < 0 ? r : settings_check(&(SettingsCheck){ .subject = &subject, .watch = watch, .with_plan = true }, reterr);
}

static bool ends_with(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

/* "web.conf" is a name, too, but hardly a machine's. */
static bool is_file(const char *word) {
        return strchr(word, '/') || ends_with(word, ".conf") || ends_with(word, ".nspawn");
}

int verb_verify(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        Verdict v = {};
        SettingsWatch watch = { said, &v };
        bool strict = false;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                strict = true;
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        if (r < 0)
                return r;
        v.all = args.json ? json_array() : NULL;
        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = (is_file(args.operands[i]) ? settings_check_file : verify_name)(args.operands[i], &watch, reterr);
        if (r >= 0 && v.all)
                r = json_print(TAKE_PTR(v.all), reterr);
        json_decref(v.all);
        if (r < 0)
                return r;
        return v.errors > 0 || (strict && v.warnings > 0);
}
