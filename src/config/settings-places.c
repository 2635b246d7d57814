/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The main file is one alone, as systemd.nspawn(5) has it: two files that each say all of it would hide which one speaks. What is to be added to
 * it, or changed of it, by a package, a configuration management or by hand, is a drop-in as systemd.unit(5) has them: files
 * *.conf in NAME.conf.d, and *.nspawn in NAME.nspawn.d, of all the directories together sorted by their names and read in this order behind the
 * main file. A name hides the same name in a lower directory; a link to /dev/null hides it and says nothing. There is none beside
 * an image: what came with it has one file, at reduced trust. */

#include "settings-places.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "strv.h"
#include "text.h"

#define DROP_INS_MAX 256

/* The administrator's and the running system's; the image's own comes after them. */
static const char *const mains[SETTINGS_PLACES - 1][2] = {
        { "/etc/nbox", "conf" },
        { "/run/nbox", "conf" },
        { "/etc/systemd/nspawn", "nspawn" },
        { "/run/systemd/nspawn", "nspawn" },
};

#define PACKAGED "/usr/lib/"

static const char *const drop_ins[][2] = {
        { "/etc/nbox", "conf" },
        { "/run/nbox", "conf" },
        { PACKAGED "nbox", "conf" },
        { "/etc/systemd/nspawn", "nspawn" },
        { "/run/systemd/nspawn", "nspawn" },
};

bool settings_path_is_packaged(const char *path) {
        return strncmp(path, PACKAGED, strlen(PACKAGED)) == 0;
}

int settings_paths(const char *machine, const char *directory, char ***ret) {
        _cleanup_strv_ char **paths = NULL;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(mains); i++)
                r = strv_appendf(&paths, "%s/%s.%s", mains[i][0], machine, mains[i][1]);
        if (r >= 0 && directory)
                r = strv_appendf(&paths, "%s/%s.nspawn", directory, machine);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(paths);
        return 0;
}

int settings_drop_in_directories(const char *machine, char ***ret) {
        _cleanup_strv_ char **paths = NULL;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(drop_ins); i++)
                r = strv_appendf(&paths, "%s/%s.%s.d", drop_ins[i][0], machine, drop_ins[i][1]);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(paths);
        return 0;
}

void settings_places_done(SettingsPlaces *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->items[i].path);
        free(p->items);
        *p = (SettingsPlaces){};
}

static bool ends_with(const char *s, const char *suffix) {
        size_t n = strlen(s), m = strlen(suffix);

        return n > m && strcmp(s + n - m, suffix) == 0;
}

int settings_place_of(const char *path, bool is_beside, SettingsPlace *ret) {
        char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        *ret = (SettingsPlace){ .path = copy, .is_beside = is_beside, .has_specifiers = !is_beside && ends_with(path, ".conf") };
        return 0;
}

static SettingsPlace *grow(SettingsPlaces *p) {
        SettingsPlace *items = reallocarray(p->items, p->n + 1, sizeof(*items));

        if (!items)
                return NULL;
        p->items = items;
        return items + p->n;
}

/* ---- the main file ---- */

/* What cannot be looked at is there: whoever reads it says why not. A link of the administrator's that leads nowhere is none. */
static bool is_there(const char *path, bool is_beside) {
        struct stat st;

        return (is_beside ? lstat(path, &st) : stat(path, &st)) >= 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int find_main(const char *machine, const char *directory, SettingsPlaces *p, Error **reterr) {
        _cleanup_strv_ char **paths = NULL;

        if (settings_paths(machine, directory, &paths) < 0)
                return error_oom(reterr);
        for (size_t i = 0; paths[i]; i++) {
                bool is_beside = i == SETTINGS_PLACES - 1;
                SettingsPlace *place;

                if (!is_there(paths[i], is_beside))
                        continue;
                place = grow(p);
                if (!place || settings_place_of(paths[i], is_beside, place) < 0)
                        return error_oom(reterr);
                p->n++;
                return 0;
        }
        return 0;
}

/* ---- drop-ins ---- */

static const char *name_of(const char *path) {
        return strrchr(path, '/') + 1;
}

static bool is_hidden(const SettingsPlaces *p, const char *name) {
        for (size_t i = 0; i < p->n; i++)
                if (strcmp(name_of(p->items[i].path), name) == 0)
                        return true;
        return false;
}

static int add_drop_in(SettingsPlaces *p, const char *directory, const char *name, Error **reterr) {
        SettingsPlace *place;

        if (!string_is_clean(name))
                return error_set(reterr, EINVAL, "A file in %s has control characters in its name", directory);
        if (is_hidden(p, name))
                return 0;
        if (p->n >= DROP_INS_MAX)
                return error_set(reterr, E2BIG, "In %s and the like there are more than %d files", directory, DROP_INS_MAX);
        place = grow(p);
        if (!place)
                return error_oom(reterr);
        *place = (SettingsPlace){ .is_drop_in = true, .has_specifiers = ends_with(name, ".conf") };
        if (asprintf(&place->path, "%s/%s", directory, name) < 0)
                return error_oom(reterr);
        p->n++;
        return 0;
}

static int list_directory(const char *directory, const char *suffix, SettingsPlaces *p, Error **reterr) {
        int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_closedir_ DIR *d = NULL;
        struct stat st;
        int r = 0;

        if (fd < 0 && (errno == ENOENT || (errno == ENOTDIR && lstat(directory, &st) < 0)))
                return 0;
        if (fd < 0 || !(d = fd_into_dir(fd)))
                return error_errno(reterr, errno, "Cannot read the directory of settings %s", directory);
        for (;;) {
                struct dirent *e;

                errno = 0;
                e = readdir(d);
                if (!e && errno)
                        return error_errno(reterr, errno, "Cannot read the directory of settings %s", directory);
                if (!e || r < 0)
                        return r;
                if (e->d_name[0] != '.' && ends_with(e->d_name, suffix))
                        r = add_drop_in(p, directory, e->d_name, reterr);
        }
}

static int by_name(const void *a, const void *b) {
        return strcmp(name_of(((const SettingsPlace *) a)->path), name_of(((const SettingsPlace *) b)->path));
}

static int find_drop_ins(const char *machine, SettingsPlaces *p, Error **reterr) {
        _cleanup_strv_ char **directories = NULL;
        int r = settings_drop_in_directories(machine, &directories);

        if (r < 0)
                return error_oom(reterr);
        for (size_t i = 0; r >= 0 && directories[i]; i++) {
                char suffix[16];

                snprintf(suffix, sizeof(suffix), ".%s", drop_ins[i][1]);
                r = list_directory(directories[i], suffix, p, reterr);
        }
        if (r >= 0 && p->n > 1)
                qsort(p->items, p->n, sizeof(*p->items), by_name);
        return r;
}

static int append_all(SettingsPlaces *p, SettingsPlaces *more, Error **reterr) {
        for (size_t i = 0; i < more->n; i++) {
                SettingsPlace *place = grow(p);

                if (!place)
                        return error_oom(reterr);
                *place = more->items[i];
                more->items[i].path = NULL;
                p->n++;
        }
        return 0;
}

int settings_places_find(const char *machine, const char *directory, SettingsPlaces *ret, Error **reterr) {
        _cleanup_(settings_places_done) SettingsPlaces p = {}, added = {};
        int r = find_main(machine, directory, &p, reterr);

        if (r >= 0)
                r = find_drop_ins(machine, &added, reterr);
        if (r >= 0)
                r = append_all(&p, &added, reterr);
        if (r < 0)
                return r;
        *ret = p;
        p = (SettingsPlaces){};
        return 0;
}
