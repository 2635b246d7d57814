/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings-check.h"

#include <string.h>
#include <sys/stat.h>

#include "machine-plan.h"
#include "mount.h"
#include "name.h"
#include "provenance.h"
#include "settings-file.h"
#include "zone-info.h"

static void say(const SettingsWatch *watch, const SettingsRemark *remark) {
        watch->said(watch->userdata, remark);
}

/* An error of a whole file begins with its path and perhaps a line: "PATH: 3: text". */
static void say_error(const SettingsWatch *watch, const char *path, const Error *error) {
        const char *text = error->message;
        size_t n = strlen(path);
        unsigned line = 0;
        int length = 0;

        if (strncmp(text, path, n) == 0 && text[n] == ':')
                text += n + 1 + strspn(text + n + 1, " ");
        if (sscanf(text, "%u: %n", &line, &length) >= 1 && length > 0)
                text += length;
        else
                line = 0;
        say(watch, &(SettingsRemark){ .path = path, .line = line, .is_error = true, .text = text, .hint = error->hint });
}

/* Out of memory is nobody's settings' fault. */
static int take_error(const SettingsWatch *watch, const char *path, int r, Error *error, Error **reterr) {
        if (r >= 0)
                return 0;
        if (r == -ENOMEM || !error)
                return error_oom(reterr);
        say_error(watch, path, error);
        return 0;
}

static void look_at_mode(const SettingsWatch *watch, const SettingsPlace *place) {
        struct stat st;

        if (!place->is_beside && stat(place->path, &st) < 0 && errno == ENOENT && lstat(place->path, &st) >= 0)
                say(watch, &(SettingsRemark){ .path = place->path, .text = "it is a link that leads nowhere" });
        if (place->is_beside || stat(place->path, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        if (st.st_uid != 0 && strncmp(place->path, "/etc/", 5) == 0)
                say(watch, &(SettingsRemark){ .path = place->path, .text = "it is not root's, and whoever's it is decides over the machine" });
        else if (st.st_mode & (S_IWGRP | S_IWOTH))
                say(watch, &(SettingsRemark){ .path = place->path, .text = "others than its owner may write to it (chmod go-w)" });
}

static int parse_candidate(const SettingsCheck *q, MachineConfig *c, Error **reterr) {
        SettingsSource source = { .path = q->candidate->path, .trusted = !q->candidate->is_beside, .watch = q->watch,
                                  .specifiers_for = q->candidate->has_specifiers ? q->subject->machine : NULL };
        char *text = malloc(q->size + 1);
        int r;

        if (!text)
                return error_oom(reterr);
        memcpy(text, q->text, q->size);
        text[q->size] = 0;
        r = settings_parse_part(c, &source, text, q->size, reterr);
        explicit_bzero(text, q->size);
        free(text);
        return r;
}

static int parse_place(const SettingsCheck *q, const SettingsPlace *place, MachineConfig *c, Error **reterr) {
        SettingsReading reading = { .machine = q->subject->machine, .watch = q->watch };
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (q->candidate && strcmp(place->path, q->candidate->path) == 0)
                r = parse_candidate(q, c, &error);
        else {
                look_at_mode(q->watch, place);
                r = settings_read_place(c, place, &reading, &error);
        }
        return take_error(q->watch, place->path, r, error, reterr);
}

/* Where the candidate is not there yet: as the main file it takes the place of one further down; else it is put where it is sorted to. */
static int insert_candidate(const SettingsPlace *candidate, SettingsPlaces *places, Error **reterr) {
        SettingsPlace *items, copy = *candidate;
        size_t at = 0;

        for (size_t i = 0; i < places->n; i++)
                if (strcmp(places->items[i].path, candidate->path) == 0)
                        return 0;
        items = reallocarray(places->items, places->n + 1, sizeof(*items));
        copy.path = items ? strdup(candidate->path) : NULL;
        if (items)
                places->items = items;
        if (!copy.path)
                return error_oom(reterr);
        if (!candidate->is_drop_in && places->n > 0 && !items[0].is_drop_in) {
                free(items[0].path);
                items[0] = copy;
                return 0;
        }
        while (candidate->is_drop_in && at < places->n &&
               (!items[at].is_drop_in || strcmp(strrchr(items[at].path, '/'), strrchr(candidate->path, '/')) < 0))
                at++;
        memmove(items + at + 1, items + at, (places->n - at) * sizeof(*items));
        items[at] = copy;
        places->n++;
        return 0;
}

/* ---- what only shows together, or on this host ---- */

/* Where the assignment is that has this in it; the last one speaks. */
static SettingsRemark remark_at(const MachineConfig *c, const char *mark, size_t n, const char *main) {
        SettingsRemark remark = { .path = main };

        for (const Assignment *a = c->assignments.first; a; a = a->next)
                if (a->file && memmem(a->text, strlen(a->text), mark, n)) {
                        remark.path = a->file;
                        remark.line = a->line;
                }
        return remark;
}

static int look_for_missing(const SettingsCheck *q, const MachineConfig *c, const char *main, Error **reterr) {
        _cleanup_strv_ char **missing = NULL;
        int r = settings_missing(c, &missing, reterr);

        for (char **m = missing; r >= 0 && m && *m; m++) {
                const char *end = strrchr(*m, '('), *begin = strncmp(*m, "the interface ", 14) == 0 ? *m + 14 : *m;
                SettingsRemark remark = remark_at(c, begin, end && end > begin ? (size_t) (end - begin) - 1 : strlen(begin), main);
                _cleanup_free_ char *text = NULL;

                if (asprintf(&text, "%s: it is not there", *m) < 0)
                        return error_oom(reterr);
                remark.text = text;
                say(q->watch, &remark);
        }
        return r;
}

static int look_for_zones(const SettingsCheck *q, const MachineConfig *c, const char *main, Error **reterr) {
        for (size_t i = 0; i < c->nics.n; i++) {
                const NicConfig *nic = &c->nics.items[i];
                _cleanup_free_ char *text = NULL;
                SettingsRemark remark;
                ZoneInfo *zones = NULL;
                size_t n = 0;
                int r = nic->kind == NIC_ZONE ? zone_info_read(nic->zone, &zones, &n, NULL) : 0;

                if (r >= 0)
                        zone_info_free(zones, n);
                if (r != -ENOENT)
                        continue;
                remark = remark_at(c, nic->zone, strlen(nic->zone), main);
                if (asprintf(&text, "the zone '%s' is not known: a start makes it", nic->zone) < 0)
                        return error_oom(reterr);
                remark.text = text;
                say(q->watch, &remark);
        }
        return 0;
}

/* As a start would put it together, but for what its command line says. */
static int make_plan(const SettingsCheck *q, MachineConfig *c, const char *main, Error **reterr) {
        _cleanup_(plan_freep) MachinePlan *plan = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        Image *image = NULL;
        ImageStack *stack = NULL;
        int r;

        if (geteuid() == 0 && mount_own_namespace() < 0)
                return 0;
        r = plan_make(c, &plan, &image, &stack, &error);
        image_stack_free(stack);
        image_free(image);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0 && r != -EACCES && r != -EPERM && error)
                say(q->watch, &(SettingsRemark){ .path = main, .text = error->message, .hint = error->hint });
        return 0;
}

static int look_at_all(const SettingsCheck *q, MachineConfig *c, const char *main, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        bool has_command = c->mode != START_RUN || (c->parameters && c->parameters[0]);
        int r;

        c->machine = strdup(q->subject->machine);
        c->directory = strdup(q->subject->image ?: "/");
        if (!c->machine || !c->directory)
                return error_oom(reterr);
        r = has_command ? config_validate(c, &error) : 0;
        if (r < 0)
                return take_error(q->watch, main, r, error, reterr);
        r = look_for_missing(q, c, main, reterr);
        if (r >= 0)
                r = look_for_zones(q, c, main, reterr);
        if (r >= 0 && q->with_plan && q->subject->image && has_command)
                r = make_plan(q, c, main, reterr);
        return r;
}

/* Which verb the tree is for decides what of it counts; it may stand in any of the files. */
static int read_all(const SettingsCheck *q, const SettingsPlaces *places, MachineConfig **ret, Error **reterr) {
        _cleanup_(config_freep) MachineConfig *c = config_new(START_BOOT);
        int r = c ? 0 : error_oom(reterr);

        for (size_t i = 0; r >= 0 && i < places->n; i++)
                r = parse_place(q, &places->items[i], c, reterr);
        if (r < 0)
                return r;
        if (c->boot == 0)
                c->mode = START_RUN;
        *ret = TAKE_PTR(c);
        return 0;
}

typedef struct Counted {
        const SettingsWatch *watch;
        unsigned errors;
} Counted;

static void count(void *userdata, const SettingsRemark *remark) {
        Counted *counted = userdata;

        counted->errors += remark->is_error;
        say(counted->watch, remark);
}

static int check_places(const SettingsCheck *q, const SettingsPlaces *places, Error **reterr) {
        const char *main = places->items[0].path;
        _cleanup_(config_freep) MachineConfig *c = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        Counted counted = { .watch = q->watch };
        SettingsWatch watch = { count, &counted };
        SettingsCheck counting = *q;
        int r;

        counting.watch = &watch;
        r = read_all(&counting, places, &c, reterr);
        if (r < 0)
                return r;
        r = settings_finish(c, main, &error);
        if (r < 0)
                return take_error(q->watch, main, r, error, reterr);
        /* What was refused is not there to be looked at. */
        return counted.errors == 0 ? look_at_all(q, c, main, reterr) : 0;
}

int settings_check(const SettingsCheck *q, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces places = {};
        _cleanup_(error_freep) Error *error = NULL;
        int r = settings_places_find(q->subject->machine, q->subject->directory, &places, &error);

        if (r < 0)
                return take_error(q->watch, q->subject->machine, r, error, reterr);
        if (q->candidate)
                r = insert_candidate(q->candidate, &places, reterr);
        if (r >= 0 && places.n == 0 && !q->subject->image) {
                error_set(reterr, ENOENT, "There are neither settings nor an image of '%s'", q->subject->machine);
                return error_hint(reterr, -ENOENT, "`nbox images` lists images; `nbox edit %s` makes settings.", q->subject->machine);
        }
        if (r < 0 || places.n == 0)
                return r;
        return check_places(q, &places, reterr);
}

int settings_check_file(const char *path, const SettingsWatch *watch, Error **reterr) {
        const char *entry = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        _cleanup_free_ char *stem = strndup(entry, strlen(entry) - strlen(strrchr(entry, '.') ?: ""));
        _cleanup_(settings_subject_done) SettingsSubject subject = {};
        SettingsPlaces places = { .items = calloc(1, sizeof(SettingsPlace)), .n = 1 };
        int r;

        if (!stem || !places.items || settings_place_of(path, false, places.items) < 0) {
                free(places.items);
                return error_oom(reterr);
        }
        if (machine_name_from_path(*stem ? stem : "machine", &subject.machine, NULL) < 0)
                subject.machine = strdup("machine"); /* a drop-in's name is none of a machine's */
        r = access(path, F_OK) < 0 ? error_errno(reterr, errno, "Cannot open %s", path)
          : !subject.machine       ? error_oom(reterr)
                                   : check_places(&(SettingsCheck){ .subject = &subject, .watch = watch }, &places, reterr);
        settings_places_done(&places);
        return r;
}
