/* SPDX-License-Identifier: GPL-2.0-or-later */

/* nbox limits: of each resource what counts now, how much of it is used, and who has said so. */

#include <inttypes.h>
#include <string.h>

#include "limits.h"
#include "live-resources.h"
#include "machine-limits.h"
#include "oom.h"
#include "parse.h"
#include "plan-resources.h"
#include "provenance.h"
#include "registration.h"
#include "resources.h"
#include "set-file.h"
#include "slice-settings.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

typedef struct Subject {
        SettingsSubject names;
        Machine *machine; /* NULL: it does not run */
        MachineConfig *settings;
        LiveResources live;
        char *own; /* the group that its weights are of */
        char *slice;
} Subject;

static void subject_done(Subject *s) {
        settings_subject_done(&s->names);
        machine_free(s->machine);
        config_free(s->settings);
        live_resources_done(&s->live);
        free(s->own);
        free(s->slice);
}

typedef struct Limit {
        char *effective; /* machine-limits.h; NULL: unknown */
        uint64_t used;
        char *set;       /* what was asked for, or NULL */
        char *from;      /* where; NULL: nobody */
} Limit;

static void limit_done(Limit *l) {
        free(l->effective);
        free(l->set);
        free(l->from);
}

/* ---- what was said ---- */

static int take(Limit *l, const char *set, const char *from) {
        return string_set(&l->set, set) < 0 || string_set(&l->from, from) < 0 ? -ENOMEM : 0;
}

static int from_settings(const Subject *s, Resource r, Limit *l) {
        for (const Assignment *a = s->settings->assignments.first; a; a = a->next)
                if (a->field == FIELD_RESOURCES + r) {
                        free(l->from);
                        l->from = provenance_text(a);
                }
        return s->settings->resources[r] ? string_set(&l->set, s->settings->resources[r]) : 0;
}

static int from_live(const Subject *s, Resource r, Limit *l) {
        if (s->live.runtime[r])
                return take(l, s->live.runtime[r], "nbox set --runtime");
        if (s->live.kept[r])
                return take(l, s->live.kept[r], "nbox set");
        return take(l, s->live.start[r], s->live.start[r] ? s->live.from[r] : NULL);
}

/* An administrator's word on the slice counts before ours. */
static int who_says(const Subject *s, Resource r, Limit *l) {
        char buf[LIMIT_TEXT_MAX];
        int k = s->machine ? from_live(s, r, l) : from_settings(s, r, l);

        /* What it has by default is systemd's to hold. */
        if (k >= 0 && !l->set && (!s->machine || s->machine->record->scope) && limit_by_default(r, buf))
                k = take(l, limit_by_default(r, buf), "default");
        if (k >= 0 && s->slice && r != RESOURCE_OOM_POLICY) {
                char *where = NULL;

                k = slice_setting_of_others(s->slice, resource_option(r)->key, &where);
                if (k > 0) {
                        free(l->from);
                        l->from = where;
                        free(l->set);
                        l->set = NULL;
                }
        }
        return k;
}

static int look(const Subject *s, Resource r, Limit *l) {
        int k = who_says(s, r, l);

        l->used = UINT64_MAX;
        if (k >= 0 && r == RESOURCE_OOM_POLICY)
                return string_set(&l->effective, l->set ?: "continue");
        if (k >= 0 && s->machine && s->machine->record->cgroup) {
                l->used = machine_limit_used(s->machine, r);
                return machine_limit_effective(s->machine, s->own, r, &l->effective);
        }
        return k;
}

/* ---- showing it ---- */

static bool is_of_bytes(Resource r) {
        return r == RESOURCE_MEMORY || r == RESOURCE_MEMORY_HIGH || r == RESOURCE_MEMORY_LOW || r == RESOURCE_SWAP;
}

static const char *number_text(Resource r, uint64_t n, char buf[SIZE_TEXT_MAX]) {
        if (n == UINT64_MAX)
                return "-";
        if (is_of_bytes(r))
                return size_text(n, buf);
        snprintf(buf, SIZE_TEXT_MAX, "%" PRIu64, n);
        return buf;
}

static const char *effective_text(Resource r, const Limit *l, char buf[SIZE_TEXT_MAX]) {
        uint64_t n;

        return l->effective && is_of_bytes(r) && parse_u64(l->effective, UINT64_MAX, &n) >= 0 ? number_text(r, n, buf) : l->effective;
}

static const char *const headings[] = { "RESOURCE", "LIMIT", "USED", "SET", "FROM", NULL };

static int print_table(const Subject *s, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int k = t ? 0 : -ENOMEM;

        for (Resource r = 0; k >= 0 && r < RESOURCES; r++) {
                _cleanup_(limit_done) Limit l = {};
                char effective[SIZE_TEXT_MAX], used[SIZE_TEXT_MAX];

                k = look(s, r, &l);
                if (k >= 0)
                        k = table_add(t, (const char *[]){ resource_option(r)->spec.name, effective_text(r, &l, effective),
                                                           number_text(r, l.used, used), l.set, l.from });
        }
        if (k < 0)
                return error_oom(reterr);
        table_print(t, stdout, false);
        return 0;
}

static json_t *text_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

static int print_json(const Subject *s, Error **reterr) {
        json_t *all = json_array();
        int k = 0;

        for (Resource r = 0; k >= 0 && r < RESOURCES; r++) {
                _cleanup_(limit_done) Limit l = {};

                k = look(s, r, &l);
                json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "resource", resource_option(r)->spec.name,
                                                     "key", resource_option(r)->key, "limit", text_or_null(l.effective),
                                                     "used", l.used == UINT64_MAX ? json_null() : json_integer((json_int_t) l.used),
                                                     "set", text_or_null(l.set), "from", text_or_null(l.from)));
        }
        if (k < 0) {
                json_decref(all);
                return error_oom(reterr);
        }
        return json_print(all, reterr);
}

/* ---- the verb ---- */

static int find(Subject *s, const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = settings_subject_find(name, &s->names, reterr);

        if (r < 0)
                return r;
        r = machine_find(s->names.machine, &s->machine, &error);
        if (r < 0 && r != -ESRCH)
                return error_pass(reterr, r, &error);
        if (!s->machine && !s->names.image) {
                error_set(reterr, ENOENT, "There is no image '%s', and no machine of that name runs", s->names.machine);
                return error_hint(reterr, -ENOENT, "`nbox images` lists images, `nbox list` machines.");
        }
        r = set_file_settings(&s->names, NULL, &s->settings, reterr);
        if (r >= 0 && s->machine)
                r = live_resources_of(s->names.machine, &s->live, reterr);
        if (r < 0)
                return r;
        s->slice = machine_slice_name(s->names.machine);
        s->own = s->machine && s->machine->record->cgroup ? oom_own_group(s->machine->record->cgroup) : strdup("/");
        return s->slice && s->own ? 0 : error_oom(reterr);
}

int verb_limits(int argc, char **argv, Error **reterr) {
        _cleanup_(subject_done) Subject s = {};
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 1, 1, reterr);

        if (r >= 0)
                r = find(&s, args.operands[0], reterr);
        if (r < 0)
                return r;
        return args.json ? print_json(&s, reterr) : print_table(&s, reterr);
}
