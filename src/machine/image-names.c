/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-names.h"

#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "machine-units.h"
#include "name.h"
#include "registration.h"
#include "settings.h"
#include "store.h"
#include "strv.h"
#include "unit.h"

/* Of NAME.raw; as systemd.nspawn(5) has them. */
static const char *const suffixes_beside[] = { ".roothash", ".roothash.p7s", ".verity", ".usrhash", ".usrhash.p7s" };

void image_names_done(ImageNames *n) {
        free(n->machine);
        strv_free(n->settings);
        strv_free(n->wants);
        strv_free(n->beside);
        *n = (ImageNames) {};
}

static int add_existing(char ***list, const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
        return strv_append(list, path);
}

static int add_beside(const ImageEntry *e, const char *below, const char *suffix, ImageNames *n) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s%s/%s%s", e->directory, below, e->name, suffix) < 0)
                return -ENOMEM;
        return add_existing(&n->beside, path);
}

static int find_beside(const ImageEntry *e, ImageNames *n) {
        int r = add_beside(e, "/" STORE_NAME "/snapshots", "", n);

        for (size_t i = 0; r >= 0 && e->kind == ENTRY_DISK && i < ELEMENTSOF(suffixes_beside); i++)
                r = add_beside(e, "", suffixes_beside[i], n);
        return r;
}

/* A package's own stay where they are, and count for whatever has the name. */
static int find_drop_ins(ImageNames *n) {
        _cleanup_strv_ char **directories = NULL;
        int r = settings_drop_in_directories(n->machine, &directories);

        for (size_t i = 0; r >= 0 && directories[i]; i++)
                if (!settings_path_is_packaged(directories[i]))
                        r = add_existing(&n->settings, directories[i]);
        return r;
}

/* Of the five places the last one is beside the image. */
static int find_settings(const ImageEntry *e, ImageNames *n) {
        _cleanup_strv_ char **paths = NULL;
        int r = settings_paths(n->machine, e->directory, &paths);

        for (size_t i = 0; r >= 0 && paths[i]; i++)
                r = add_existing(i == SETTINGS_PLACES - 1 ? &n->beside : &n->settings, paths[i]);
        return r < 0 ? r : find_drop_ins(n);
}

static int find_units(ImageNames *n, Error **reterr) {
        _cleanup_(machine_units_done) MachineUnits units = {};
        int r = machine_units_list(n->machine, &units, reterr);

        if (r < 0)
                return r;
        n->wants = TAKE_PTR(units.wants);
        for (char **path = units.settings; path && *path; path++)
                if (strv_append(&n->settings, *path) < 0)
                        return error_oom(reterr);
        return 0;
}

int image_names_find(const ImageEntry *e, ImageNames *ret, Error **reterr) {
        _cleanup_(image_names_done) ImageNames n = {};
        int r;

        (void) machine_name_from_path(e->name, &n.machine, NULL);
        r = find_beside(e, &n);
        if (r >= 0 && n.machine)
                r = find_settings(e, &n);
        if (r < 0)
                return error_errno(reterr, r, "Cannot look for what belongs to %s/%s", e->directory, e->name);
        r = n.machine ? find_units(&n, reterr) : 0;
        if (r < 0)
                return r;
        *ret = n;
        n = (ImageNames) {};
        return 0;
}

bool image_names_enabled(const ImageNames *n) {
        for (char **path = n->wants; path && *path; path++)
                if (strstr(*path, "/nbox@"))
                        return true;
        return false;
}

static char *with_other_stem(const char *path, const char *stem, const char *new_stem) {
        const char *entry = strrchr(path, '/') + 1;
        size_t n = strlen(stem);
        char *renamed;

        if (strncmp(entry, stem, n) != 0)
                return strdup(path);
        return asprintf(&renamed, "%.*s%s%s", (int) (entry - path), path, new_stem, entry + n) < 0 ? NULL : renamed;
}

static bool is_systemds(const char *path) {
        static const char directory[] = "/etc/systemd/system"; /* and system.control */

        return strncmp(path, directory, strlen(directory)) == 0;
}

char *image_names_path(const char *path, const ImageEntry *e, const char *machine, const char *new_name) {
        const char *entry = strrchr(path, '/') + 1;

        if (is_systemds(path))
                return machine_units_path(path, machine, new_name);
        /* Settings bear the machine's name, which need not be the image's. */
        if (machine && strncmp(entry, machine, strlen(machine)) == 0 && entry[strlen(machine)] == '.')
                return with_other_stem(path, machine, new_name);
        return with_other_stem(path, e->name, new_name);
}

static bool has_systemds(char *const *paths) {
        for (; paths && *paths; paths++)
                if (is_systemds(*paths))
                        return true;
        return false;
}

void image_names_tell_systemd(const ImageNames *n) {
        _cleanup_(error_freep) Error *error = NULL;
        sd_bus *bus = NULL;
        int r;

        if (!has_systemds(n->wants) && !has_systemds(n->settings))
                return;
        r = host_bus_open(&bus, &error);
        if (r > 0)
                r = units_reload(bus, &error);
        if (r < 0)
                log_warning("%s: `systemctl daemon-reload` has it read its units, ignoring", error ? error->message : strerror(-r));
        sd_bus_flush_close_unref(bus);
}
