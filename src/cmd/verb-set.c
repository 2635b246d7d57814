/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nbox set: what a machine may take of its host, changed while it runs and kept in its settings. All that is asked for, or nothing. */

#include <string.h>

#include "live-limits.h"
#include "log.h"
#include "plan-resources.h"
#include "provenance.h"
#include "resources.h"
#include "set-file.h"
#include "suggest.h"
#include "text.h"
#include "verb-list.h"

enum { OPT_RUNTIME = 256 };

const VerbOption set_options[] = {
        { { .name = "runtime" }, OPT_RUNTIME, "Until the machine ends, and not in its settings" },
        {},
};

typedef struct Setting {
        SettingsSubject subject;
        Machine *machine; /* NULL: it does not run */
        SetFile file;
        MachineConfig *now;
        LimitChange change;
} Setting;

static void setting_done(Setting *s) {
        settings_subject_done(&s->subject);
        machine_free(s->machine);
        set_file_done(&s->file);
        config_free(s->now);
        for (Resource r = 0; r < RESOURCES; r++)
                free(s->change.texts[r]);
}

/* ---- what is asked for ---- */

static int unknown_word(const char *assignment, size_t n, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        _cleanup_free_ char *list = NULL;
        Suggestion best = suggestion_begin(assignment, n);
        int r;

        for (Resource i = 0; i < RESOURCES; i++) {
                suggestion_offer(&best, resource_option(i)->spec.name);
                suggestion_offer(&best, resource_option(i)->key);
                if (strv_append(&words, resource_option(i)->spec.name) < 0)
                        return error_oom(reterr);
        }
        list = strv_join(words, ", ");
        if (!list)
                return error_oom(reterr);
        r = error_set(reterr, EINVAL, "'%.*s' is nothing that can be set", n > 60 ? 60 : (int) n, assignment);
        return best.name ? error_hint(reterr, r, "Did you mean %s?", best.name) : error_hint(reterr, r, "It takes: %s.", list);
}

static int take_assignment(Setting *s, const char *assignment, Error **reterr) {
        const char *equals = strchr(assignment, '=');
        char *text = NULL;
        Resource resource;
        int r;

        if (!equals)
                return error_set(reterr, EINVAL, "'%.60s' is not WORD=VALUE, such as memory=1G", assignment);
        if (!resource_find(assignment, (size_t) (equals - assignment), &resource))
                return unknown_word(assignment, (size_t) (equals - assignment), reterr);
        if (equals[1])
                r = resource_check(resource, equals + 1, &text, reterr);
        else
                r = (text = strdup("")) ? 0 : error_oom(reterr);
        if (r < 0)
                return error_prefix(reterr, r, "%s=", resource_option(resource)->spec.name);
        free(s->change.texts[resource]);
        s->change.texts[resource] = text;
        return 0;
}

/* ---- whose it is ---- */

static int find_machine(Setting *s, const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = settings_subject_find(name, &s->subject, reterr);

        if (r < 0)
                return r;
        r = machine_open_wait(s->subject.machine, MACHINE_OPEN_WAIT_USEC, &s->machine, &error);
        if (r < 0 && r != -ESRCH)
                return error_pass(reterr, r, &error);
        if (!s->machine && !s->subject.image) {
                error_set(reterr, ENOENT, "There is no image '%s', and no machine of that name runs", s->subject.machine);
                return error_hint(reterr, -ENOENT, "`nbox images` lists images, `nbox list` machines.");
        }
        if (!s->machine && s->change.runtime) {
                error_set(reterr, ESRCH, "The machine '%s' does not run: --runtime has nothing to change", s->subject.machine);
                return error_hint(reterr, -ESRCH, "Without --runtime it is kept for its next start.");
        }
        return 0;
}

static int check_devices(const Setting *s, Error **reterr) {
        const char *tree = s->machine && s->machine->record->root ? s->machine->record->root : s->subject.image;
        int r = 0;

        for (Resource i = 0; r >= 0 && tree && i < RESOURCES; i++)
                if (s->change.texts[i] && *s->change.texts[i])
                        r = resource_check_devices(i, s->change.texts[i], tree, reterr);
        return r;
}

/* ---- doing it ---- */

/* A file that is read behind ours says something else. */
static void warn_of_others(const Setting *s) {
        for (const Assignment *a = s->now->assignments.first; a; a = a->next)
                for (Resource r = 0; r < RESOURCES; r++)
                        if (a->field == FIELD_RESOURCES + r && s->change.texts[r] && *s->change.texts[r] && !resource_is_of_devices(r) &&
                            a->file && strcmp(a->file, s->file.target.place.path) != 0)
                                log_warning("%s:%u says %s=%s, and counts at the next start", a->file, a->line, a->option->key, a->text);
}

static void warn_of_missing(const Setting *s) {
        for (Resource r = 0; r < RESOURCES; r++)
                if (s->change.texts[r] && *s->change.texts[r] && !live_limit_is_held(s->machine, r))
                        log_warning("%s: this host's kernel has no controller for it here, and does not hold the machine to it",
                                    resource_option(r)->spec.name);
}

static int set(Setting *s, Error **reterr) {
        _cleanup_(live_limits_freep) LiveLimits *live = NULL;
        int r = check_devices(s, reterr);

        if (r >= 0 && !s->change.runtime)
                r = set_file_open(&s->subject, s->change.texts, &s->file, reterr);
        if (r >= 0)
                r = set_file_settings(&s->subject, s->change.runtime ? NULL : &s->file, &s->now, reterr);
        if (r < 0)
                return r;
        s->change.now = s->now;
        if (s->machine)
                r = live_limits_set(s->machine, &s->change, &live, reterr);
        if (r >= 0 && !s->change.runtime) {
                r = set_file_write(&s->file, reterr);
                if (r < 0 && live)
                        live_limits_undo(live);
        }
        if (r < 0)
                return r;
        if (!s->change.runtime)
                warn_of_others(s);
        if (live)
                warn_of_missing(s);
        return 0;
}

int verb_set(int argc, char **argv, Error **reterr) {
        _cleanup_(setting_done) Setting s = { .file = SET_FILE_NONE };
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                s.change.runtime = true;
        if (r >= 0)
                r = verb_check_operands(&args, 2, -1, reterr);
        for (int i = 1; r >= 0 && i < args.n_operands; i++)
                r = take_assignment(&s, args.operands[i], reterr);
        if (r >= 0)
                r = find_machine(&s, args.operands[0], reterr);
        return r < 0 ? r : set(&s, reterr);
}
