/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "set-file.h"

#include <string.h>
#include <time.h>

#include "provenance.h"
#include "resources.h"
#include "settings.h"
#include "text.h"

#define WORD "50-set"
#define WAIT_MSEC 50
#define WAITS 100
#define HEADER "# Made by `nbox set`, which writes all of it anew. An empty value (`nbox set NAME memory=`) takes a line out again.\n\n[" RESOURCES_SECTION "]\n"

static void pass_over(_unused_ void *userdata, _unused_ const SettingsRemark *remark) {
}

static const SettingsWatch silent = { .said = pass_over };

/* The parser changes its text. */
static int parse(const SettingsPlace *place, const char *text, MachineConfig *c, Error **reterr) {
        SettingsSource source = { .path = place->path, .trusted = true, .watch = &silent };
        _cleanup_free_ char *copy = strdup(text);

        return copy ? settings_parse_part(c, &source, copy, strlen(copy), reterr) : error_oom(reterr);
}

static char *format(const MachineConfig *c) {
        char *text = NULL;
        size_t size, n = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        fputs(HEADER, out);
        for (Resource r = 0; r < RESOURCES; r++) {
                const char *key = resource_option(r)->key;

                if (!c->resources[r])
                        continue;
                if (resource_is_of_devices(r)) /* in place of what stands in files before, not beside it */
                        fprintf(out, "%s=\n", key);
                fprintf(out, "%s=%s\n", key, c->resources[r]);
                n++;
        }
        if (fclose(out) == 0) {
                if (n == 0)
                        *text = 0;
                return text;
        }
        free(text);
        return NULL;
}

/* Another `nbox set` is through in a moment; an editor is not. */
static int open_target(const EditWish *wish, EditTarget *ret, Error **reterr) {
        static const struct timespec moment = { .tv_nsec = WAIT_MSEC * 1000000L };

        for (unsigned i = 0;; i++) {
                _cleanup_(error_freep) Error *error = NULL;
                int r = edit_target_open(wish, ret, &error);

                if (r >= 0)
                        return r;
                if (r != -EBUSY || i == WAITS)
                        return error_pass(reterr, r, &error);
                (void) nanosleep(&moment, NULL);
        }
}

/* All of it is written anew: what somebody has put there besides would be lost. */
static int check_nothing_else(const SetFile *f, Error **reterr) {
        for (const Assignment *a = f->before->assignments.first; a; a = a->next)
                if (a->field < FIELD_RESOURCES || a->field > FIELD_RESOURCES_LAST) {
                        error_set(reterr, EEXIST, "%s:%u: %s= is none of what `nbox set` writes there, and would be lost", a->file, a->line,
                                  a->option->key);
                        return error_hint(reterr, -EEXIST, "Move it to another file: nbox edit --drop-in=mine %s", f->target.lock_name);
                }
        return 0;
}

int set_file_open(const SettingsSubject *subject, char *const *texts, SetFile *ret, Error **reterr) {
        EditWish wish = { .subject = subject, .drop_in = WORD };
        int r = open_target(&wish, &ret->target, reterr);

        if (r < 0)
                return r;
        ret->before = config_new(START_BOOT);
        ret->after = config_new(START_BOOT);
        if (!ret->before || !ret->after)
                return error_oom(reterr);
        r = parse(&ret->target.place, ret->target.text, ret->before, reterr);
        if (r >= 0)
                r = check_nothing_else(ret, reterr);
        if (r >= 0)
                r = parse(&ret->target.place, ret->target.text, ret->after, reterr);
        for (Resource i = 0; r >= 0 && i < RESOURCES; i++)
                if (texts[i] && string_set(&ret->after->resources[i], *texts[i] ? texts[i] : NULL) < 0)
                        r = error_oom(reterr);
        if (r >= 0 && !(ret->text = format(ret->after)))
                r = error_oom(reterr);
        return r;
}

void set_file_done(SetFile *f) {
        edit_target_done(&f->target);
        config_free(f->before);
        config_free(f->after);
        free(f->text);
}

int set_file_write(SetFile *f, Error **reterr) {
        if (*f->text)
                return edit_target_replace(&f->target, f->text, strlen(f->text), reterr);
        return f->target.is_new ? 0 : edit_target_remove(&f->target, reterr);
}

static bool comes_behind(const SettingsPlace *place, const SettingsPlace *ours) {
        return place->is_drop_in && strcmp(strrchr(place->path, '/'), strrchr(ours->path, '/')) >= 0;
}

static int read_all(const SettingsSubject *subject, const SetFile *f, const SettingsPlaces *places, MachineConfig *c, Error **reterr) {
        SettingsReading reading = { .machine = subject->machine, .watch = &silent };
        bool open = f;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < places->n; i++) {
                if (open && comes_behind(&places->items[i], &f->target.place)) {
                        r = parse(&f->target.place, f->text, c, reterr);
                        open = false;
                }
                if (r >= 0 && !(f && strcmp(places->items[i].path, f->target.place.path) == 0))
                        r = settings_read_place(c, &places->items[i], &reading, reterr);
        }
        return r >= 0 && open ? parse(&f->target.place, f->text, c, reterr) : r;
}

int set_file_settings(const SettingsSubject *subject, const SetFile *f, MachineConfig **ret, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        int r;

        if (!c)
                return error_oom(reterr);
        r = settings_places_find(subject->machine, subject->directory, &places, reterr);
        if (r >= 0)
                r = read_all(subject, f, &places, c, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(c);
        return r < 0 ? r : 0;
}
