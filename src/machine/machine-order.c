/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-order.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "ini.h"
#include "log.h"
#include "name.h"
#include "registration.h"
#include "values.h"

#define SECTION "X-nbox"
#define TEXT_MAX ((size_t) 64 * 1024)
#define SERVICE_BEGIN "nbox@"
#define SERVICE_END ".service"
#define DELAY_MAX_USEC (UINT64_C(365) * 24 * 3600 * 1000000) /* what any clock can add to its time */
#define TEMPORARY_SUFFIX ".new" /* not ".conf", which is all that systemd reads */

void machine_order_done(MachineOrder *o) {
        strv_free(o->after);
        strv_free(o->before);
        strv_free(o->groups);
        *o = (MachineOrder) {};
}

int machine_order_copy(const MachineOrder *o, MachineOrder *ret) {
        MachineOrder copy = { .after = strv_copy(o->after), .before = strv_copy(o->before), .groups = strv_copy(o->groups),
                              .delay_usec = o->delay_usec };

        if (!copy.after || !copy.before || !copy.groups) {
                machine_order_done(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

bool machine_order_is_empty(const MachineOrder *o) {
        return strv_length(o->after) == 0 && strv_length(o->before) == 0 && strv_length(o->groups) == 0 && o->delay_usec == 0;
}

char *machine_order_delay(const MachineOrder *o) {
        bool whole = o->delay_usec % 1000000 == 0;
        char *text;

        return asprintf(&text, "%" PRIu64 "%s", whole ? o->delay_usec / 1000000 : o->delay_usec / 1000, whole ? "s" : "ms") < 0 ? NULL : text;
}

int machine_order_parse_delay(const char *text, uint64_t *ret) {
        uint64_t usec;
        int r = parse_duration(text, &usec);

        if (r < 0)
                return r;
        if (usec > DELAY_MAX_USEC)
                return -ERANGE;
        *ret = (usec + 999) / 1000 * 1000; /* as it is written */
        return 0;
}

/* ---- text ---- */

static const char *unit_begin(const char *word) { return *word == '@' ? "nbox-group@" : SERVICE_BEGIN; }
static const char *unit_end(const char *word) { return *word == '@' ? ".target" : SERVICE_END; }

static void put_units(FILE *f, const char *key, char *const *words) {
        for (; words && *words; words++)
                fprintf(f, "%s=%s%s%s\n", key, unit_begin(*words), *words + (**words == '@'), unit_end(*words));
}

static void put_words(FILE *f, const char *key, char *const *words) {
        if (strv_length(words) == 0)
                return;
        fprintf(f, "%s=", key);
        for (char *const *w = words; *w; w++)
                fprintf(f, "%s%s", w == words ? "" : " ", *w);
        fputc('\n', f);
}

static void put(FILE *f, const MachineOrder *o) {
        fputs("# In which order this machine starts with the host. Written by `nbox enable`, which changes it;\n"
              "# `nbox disable` removes it.\n\n[Unit]\n", f);
        put_units(f, "After", o->after);
        put_units(f, "Before", o->before);
        for (char **g = o->groups; g && *g; g++)
                fprintf(f, "Before=nbox-group@%s.target\n", *g);
        for (char **w = o->after; w && *w; w++)
                if (**w == '@')
                        fprintf(f, "Wants=nbox-group@%s.target\n", *w + 1);
        fputs("\n[" SECTION "]\n", f);
        put_words(f, "After", o->after);
        put_words(f, "Before", o->before);
        put_words(f, "Group", o->groups);
}

char *machine_order_format(const MachineOrder *o) {
        _cleanup_free_ char *text = NULL, *delay = machine_order_delay(o);
        size_t size;
        FILE *f = delay ? open_memstream(&text, &size) : NULL;

        if (!f)
                return NULL;
        put(f, o);
        if (o->delay_usec > 0)
                fprintf(f, "Delay=%s\n", delay);
        return fclose(f) < 0 ? NULL : TAKE_PTR(text);
}

static int take_names(char ***list, const char *value, bool with_groups, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        int r = split_words(value, &words, reterr);

        for (char **w = words; r >= 0 && w && *w; w++) {
                if (!machine_name_is_valid(*w + (with_groups && **w == '@')))
                        return error_set(reterr, EBADMSG, "'%.80s' is no name", *w);
                if (!strv_contains(*list, *w) && strv_append(list, *w) < 0)
                        return error_oom(reterr);
        }
        return r < 0 ? r : 0;
}

static int found_line(const IniLine *l, void *userdata, Error **reterr) {
        MachineOrder *o = userdata;

        if (!l->section || strcmp(l->section, SECTION) != 0 || !l->key)
                return 0;
        if (strcmp(l->key, "After") == 0)
                return take_names(&o->after, l->value, true, reterr);
        if (strcmp(l->key, "Before") == 0)
                return take_names(&o->before, l->value, false, reterr);
        if (strcmp(l->key, "Group") == 0)
                return take_names(&o->groups, l->value, false, reterr);
        if (strcmp(l->key, "Delay") == 0 && machine_order_parse_delay(l->value, &o->delay_usec) < 0)
                return error_set(reterr, EBADMSG, "'%.80s' is no time", l->value);
        return 0;
}

int machine_order_parse(char *text, size_t size, MachineOrder *ret, Error **reterr) {
        _cleanup_(machine_order_done) MachineOrder o = {};
        int r = ini_parse(text, size, found_line, &o, reterr);

        if (r < 0)
                return r;
        *ret = o;
        o = (MachineOrder) {};
        return 0;
}

/* ---- files ---- */

static char *directory_of(const char *machine) {
        char *path;

        return asprintf(&path, UNIT_DIRECTORY "/" SERVICE_BEGIN "%s" SERVICE_END ".d", machine) < 0 ? NULL : path;
}

static char *path_of(const char *machine, const char *suffix) {
        char *path;

        return asprintf(&path, UNIT_DIRECTORY "/" SERVICE_BEGIN "%s" SERVICE_END ".d/" MACHINE_ORDER_FILE "%s", machine, suffix) < 0 ? NULL : path;
}

int machine_order_load(const char *machine, MachineOrder *ret, Error **reterr) {
        _cleanup_free_ char *path = path_of(machine, ""), *text = NULL;
        int r = path ? file_read(AT_FDCWD, path, TEXT_MAX, &text) : -ENOMEM;

        if (r == -ENOENT || r == -ENOTDIR) {
                *ret = (MachineOrder) {};
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot read in which order the machine '%s' starts", machine);
        r = machine_order_parse(text, strlen(text), ret, reterr);
        if (r >= 0)
                return 0;
        (void) error_prefix(reterr, r, "%s", path);
        return error_hint(reterr, r, "Put it right there; or `nbox disable %s`, which removes it, and then `nbox enable` anew.", machine);
}

static int remove_file(const char *machine, Error **reterr) {
        _cleanup_free_ char *path = path_of(machine, ""), *left = path_of(machine, TEMPORARY_SUFFIX), *directory = directory_of(machine);

        if (!path || !left || !directory)
                return error_oom(reterr);
        if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
                return error_errno(reterr, errno, "Cannot remove %s", path);
        (void) unlink(left);
        (void) rmdir(directory); /* where nothing else is in it */
        return 0;
}

int machine_order_save(const char *machine, const MachineOrder *o, Error **reterr) {
        _cleanup_free_ char *path = NULL, *temporary = NULL, *directory = NULL, *text = NULL;
        int r;

        if (machine_order_is_empty(o))
                return remove_file(machine, reterr);
        path = path_of(machine, "");
        temporary = path_of(machine, TEMPORARY_SUFFIX);
        directory = directory_of(machine);
        text = machine_order_format(o);
        if (!path || !temporary || !directory || !text)
                return error_oom(reterr);
        r = mkdir_parents(directory, 0755);
        if (r >= 0)
                r = file_replace_by(temporary, path, text, 0644);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

/* "nbox@web.service" + tail: web; or NULL. The caller's. */
static char *machine_of(const char *entry, const char *tail) {
        size_t n = strlen(entry), begin = strlen(SERVICE_BEGIN), end = strlen(tail);
        char *name;

        if (strncmp(entry, SERVICE_BEGIN, begin) != 0 || n <= begin + end || strcmp(entry + n - end, tail) != 0)
                return NULL;
        name = strndup(entry + begin, n - begin - end);
        if (name && !machine_name_is_valid(name)) {
                free(name);
                return NULL;
        }
        return name;
}

/* Names of machines in a directory, of entries that end so. */
static int collect(const char *directory, const char *tail, char ***list, Error **reterr) {
        _cleanup_closedir_ DIR *d = opendir(directory);

        if (!d)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot list %s", directory);
        for (struct dirent *e; (e = readdir(d));) {
                char *name = machine_of(e->d_name, tail);

                if (name && strv_contains(*list, name))
                        free(name);
                else if (name && strv_consume(list, name) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

int machine_order_list(char ***ret, Error **reterr) {
        _cleanup_strv_ char **all = NULL, **list = NULL;
        int r = collect(UNIT_DIRECTORY, SERVICE_END ".d", &all, reterr);

        for (char **m = all; r >= 0 && m && *m; m++) {
                _cleanup_free_ char *path = path_of(*m, "");

                if (!path || (access(path, F_OK) >= 0 && strv_append(&list, *m) < 0))
                        r = error_oom(reterr);
        }
        if (r < 0)
                return r;
        strv_sort(list);
        *ret = TAKE_PTR(list);
        return 0;
}

static bool is_wants(const char *entry) {
        const char *dot = strrchr(entry, '.');

        return dot && (strcmp(dot, ".wants") == 0 || strcmp(dot, ".requires") == 0);
}

int machines_enabled(char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *d = opendir(UNIT_DIRECTORY);
        _cleanup_strv_ char **list = NULL;
        int r = 0;

        for (struct dirent *e; d && r >= 0 && (e = readdir(d));) {
                _cleanup_free_ char *path = NULL;

                if (!is_wants(e->d_name))
                        continue;
                if (asprintf(&path, UNIT_DIRECTORY "/%s", e->d_name) < 0)
                        return error_oom(reterr);
                r = collect(path, SERVICE_END, &list, reterr);
        }
        if (r < 0)
                return r;
        strv_sort(list);
        *ret = TAKE_PTR(list);
        return 0;
}

/* ---- all of them ---- */

typedef int (*FoundOrder)(const char *machine, MachineOrder *o, void *userdata);

static int visit(const char *machine, FoundOrder found, void *userdata, Error **reterr) {
        _cleanup_(machine_order_done) MachineOrder o = {};
        int r = machine_order_load(machine, &o, reterr);

        if (r < 0)
                return r;
        r = found(machine, &o, userdata);
        return r < 0 ? error_oom(reterr) : r > 0 ? machine_order_save(machine, &o, reterr) : 0;
}

/* Call `found` for each; 1 of it: it has changed, and is written. One that cannot be read keeps nobody from the others, and is the error;
 * -EBADMSG where all that is wrong is what somebody has written there. */
static int for_each(FoundOrder found, void *userdata, Error **reterr) {
        _cleanup_strv_ char **list = NULL;
        int r = machine_order_list(&list, reterr);

        for (char **m = list; m && *m; m++) {
                _cleanup_(error_freep) Error *error = NULL;
                int k = visit(*m, found, userdata, &error);

                if (k < 0 && (r >= 0 || r == -EBADMSG))
                        r = error_pass(reterr, k, &error);
        }
        return r < 0 ? r : 0;
}

typedef struct Members {
        const char *group;
        char ***list;
} Members;

static int note_member(const char *machine, MachineOrder *o, void *userdata) {
        const Members *m = userdata;

        return strv_contains(o->groups, m->group) ? strv_append(m->list, machine) : 0;
}

int machine_order_group(const char *group, char ***ret, Error **reterr) {
        _cleanup_strv_ char **list = NULL;
        int r = for_each(note_member, &(Members){ group, &list }, reterr);

        if (r >= 0)
                *ret = TAKE_PTR(list);
        return r;
}

typedef struct Behind {
        const char *machine;
        char ***units;
} Behind;

static int note_behind(const char *machine, MachineOrder *o, void *userdata) {
        const Behind *b = userdata;
        int r = 0;

        if (strv_contains(o->after, b->machine))
                return strv_consume(b->units, machine_service_name(machine));
        if (strcmp(machine, b->machine) != 0)
                return 0;
        for (char **w = o->before; r >= 0 && w && *w; w++)
                r = strv_consume(b->units, machine_service_name(*w));
        for (char **g = o->groups; r >= 0 && g && *g; g++)
                r = strv_appendf(b->units, "nbox-group@%s.target", *g);
        return r;
}

int machine_order_units_behind(const char *machine, char ***ret, Error **reterr) {
        _cleanup_strv_ char **units = NULL;
        int r = for_each(note_behind, &(Behind){ machine, &units }, reterr);

        if (r >= 0)
                *ret = TAKE_PTR(units);
        return r;
}

typedef struct Renaming {
        const char *from, *to; /* to: NULL where it is gone */
} Renaming;

static int rename_in(char ***list, const Renaming *n) {
        _cleanup_strv_ char **changed = NULL;
        int r = 0;

        if (!strv_contains(*list, n->from))
                return 0;
        for (char **w = *list; r >= 0 && *w; w++) {
                const char *name = strcmp(*w, n->from) == 0 ? n->to : *w;

                if (name && !strv_contains(changed, name))
                        r = strv_append(&changed, name);
        }
        if (r < 0)
                return r;
        strv_free(*list);
        *list = TAKE_PTR(changed);
        return 1;
}

static int rename_one(_unused_ const char *machine, MachineOrder *o, void *userdata) {
        int after = rename_in(&o->after, userdata), before = after < 0 ? after : rename_in(&o->before, userdata);

        return before < 0 ? before : after > 0 || before > 0;
}

/* What somebody has written into another's order does not keep a machine from being renamed or removed. */
static int rename_in_all(Renaming n, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = for_each(rename_one, &n, &error);

        if (r == -EBADMSG)
                log_warning("%s, ignoring", error->message);
        return r >= 0 || r == -EBADMSG ? 0 : error_pass(reterr, r, &error);
}

int machine_order_rename(const char *from, const char *to, Error **reterr) {
        return rename_in_all((Renaming){ from, to }, reterr);
}

int machine_order_forget(const char *machine, Error **reterr) {
        int r = remove_file(machine, reterr);

        return r < 0 ? r : rename_in_all((Renaming){ machine, NULL }, reterr);
}

bool machine_order_is_alone(const char *directory) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        bool found = false;

        if (!d)
                return false;
        for (struct dirent *e; (e = readdir(d));) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                if (strcmp(e->d_name, MACHINE_ORDER_FILE) != 0)
                        return false;
                found = true;
        }
        return found;
}
