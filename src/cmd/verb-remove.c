/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "image-change.h"
#include "log.h"
#include "strv.h"
#include "verb-list.h"

/* nbox remove: images, with all that nbox has for them. What an administrator has written for one is his: on a terminal he is asked, elsewhere it is
 * kept. */

typedef enum SettingsFate {
        SETTINGS_ASK,
        SETTINGS_KEEP,
        SETTINGS_REMOVE,
} SettingsFate;

enum { OPT_SETTINGS = 1 };

const VerbOption remove_options[] = {
        { { .name = "settings", .placeholder = "keep|remove" }, OPT_SETTINGS, "What becomes of its settings in /etc and /run, without asking" },
        {},
};

static int parse_fate(const char *text, SettingsFate *ret, Error **reterr) {
        if (strcmp(text, "keep") != 0 && strcmp(text, "remove") != 0) {
                error_set(reterr, EINVAL, "--settings=%.40s: there are keep and remove", text);
                return error_hint(reterr, -EINVAL, "Without it, you are asked on a terminal, and elsewhere they are kept.");
        }
        *ret = *text == 'k' ? SETTINGS_KEEP : SETTINGS_REMOVE;
        return 0;
}

static bool asked_on_terminal(const char *name, char *const *settings) {
        char answer[16];

        fprintf(stderr, "Settings of '%s':\n", name);
        for (; *settings; settings++)
                fprintf(stderr, "  %s\n", *settings);
        fputs("Remove them, too? [y/N] ", stderr);
        fflush(stderr);
        return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int decide(const char *name, SettingsFate fate, bool *ret, Error **reterr) {
        _cleanup_strv_ char **settings = NULL;
        int r = image_settings_list(name, &settings, reterr);

        if (r < 0)
                return r;
        *ret = fate == SETTINGS_REMOVE;
        if (fate == SETTINGS_ASK && settings && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
                *ret = asked_on_terminal(name, settings);
        return 0;
}

/* `rest` is what the same command removes next. */
static void report_sharers(const char *name, char *const *all, char *const *rest) {
        const char *sharers[2] = {};
        size_t n = 0;

        for (; *all; all++)
                if (!strv_contains(rest, *all) && n++ < ELEMENTSOF(sharers))
                        sharers[n - 1] = *all;
        if (n == 0)
                return;
        if (n == 1)
                log_info("What '%s' stood on stays: '%s' stands on it, too", name, sharers[0]);
        else if (n == 2)
                log_info("What '%s' stood on stays: '%s' and '%s' stand on it, too", name, sharers[0], sharers[1]);
        else
                log_info("What '%s' stood on stays: '%s', '%s' and %zu more stand on it, too", name, sharers[0], sharers[1], n - 2);
}

static void report(const char *name, const Removed *done, char *const *rest) {
        if (done->link_target)
                log_info("'%s' was a link, which is gone; the image itself is where it was: %s", name, done->link_target);
        if (done->snapshots > 0)
                log_info("%zu snapshot%s of '%s' went with it", done->snapshots, done->snapshots == 1 ? "" : "s", name);
        if (done->sharers)
                report_sharers(name, done->sharers, rest);
        for (char **path = done->kept; path && *path; path++)
                log_info("Kept %s; `nbox remove --settings=remove` removes settings, too", *path);
}

static int remove_one(const char *name, char *const *rest, SettingsFate fate, Error **reterr) {
        _cleanup_(removed_done) Removed done = {};
        RemoveRequest q = { .name = name };
        int r = decide(name, fate, &q.with_settings, reterr);

        if (r >= 0)
                r = image_remove(&q, &done, reterr);
        if (r >= 0)
                report(name, &done, rest);
        return r;
}

static int remove_all(char **names, int n, SettingsFate fate, Error **reterr) {
        int first = 0;

        for (int i = 0; i < n; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = remove_one(names[i], names + i + 1, fate, &error);

                if (r >= 0)
                        continue;
                if (i == n - 1)
                        return error_pass(reterr, r, &error);
                first = log_report(LOG_LEVEL_ERROR, r, error);
        }
        return first < 0;
}

int verb_remove(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        SettingsFate fate = SETTINGS_ASK;
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                r = parse_fate(args.value, &fate, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, -1, reterr);
        return r < 0 ? r : remove_all(args.operands, args.n_operands, fate, reterr);
}
