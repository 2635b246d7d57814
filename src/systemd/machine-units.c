/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An instance is enabled by a link to its template, in a directory of what wants it; so another instance is, once the link has its
 * name. This is done to files, and not asked of systemd, since it must hold together with a dozen other changes over a crash, and be done where
 * systemd does not run; it reads them when it is told to, or when the host starts. */

#include "machine-units.h"

#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "registration.h"
#include "strv.h"

static const char *const directories[] = {
        "/etc/systemd/system",
        "/etc/systemd/system.control", /* `systemctl set-property` */
};

#define UNITS 3

typedef struct UnitNames {
        char *names[UNITS];
} UnitNames;

static void unit_names_done(UnitNames *u) {
        for (size_t i = 0; i < UNITS; i++)
                free(u->names[i]);
}

static int unit_names(const char *machine, UnitNames *ret) {
        ret->names[0] = machine_service_name(machine);
        ret->names[1] = machine_slice_name(machine);
        if (asprintf(&ret->names[2], "systemd-nspawn@%s.service", machine) < 0)
                ret->names[2] = NULL;
        return ret->names[0] && ret->names[1] && ret->names[2] ? 0 : -ENOMEM;
}

void machine_units_done(MachineUnits *u) {
        strv_free(u->wants);
        strv_free(u->settings);
        *u = (MachineUnits) {};
}

static bool ends_with(const char *s, const char *end) {
        size_t n = strlen(s), k = strlen(end);

        return n > k && strcmp(s + n - k, end) == 0;
}

static int add_wants(const char *directory, const char *wants, const UnitNames *u, char ***list) {
        for (size_t i = 0; i < UNITS; i++) {
                _cleanup_free_ char *path = NULL;
                struct stat st;

                if (asprintf(&path, "%s/%s/%s", directory, wants, u->names[i]) < 0)
                        return -ENOMEM;
                if (lstat(path, &st) >= 0 && S_ISLNK(st.st_mode) && strv_append(list, path) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_units_own(const char *entry, const UnitNames *u) {
        for (size_t i = 0; i < UNITS; i++) {
                size_t n = strlen(u->names[i]);

                if (strncmp(entry, u->names[i], n) == 0 && (!entry[n] || strcmp(entry + n, ".d") == 0))
                        return true;
        }
        return false;
}

static int look_into(const char *directory, const UnitNames *u, MachineUnits *ret, Error **reterr) {
        _cleanup_closedir_ DIR *d = opendir(directory);

        if (!d)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot list %s", directory);
        for (struct dirent *e; (e = readdir(d));) {
                int r = 0;

                if (ends_with(e->d_name, ".wants") || ends_with(e->d_name, ".requires"))
                        r = add_wants(directory, e->d_name, u, &ret->wants);
                else if (is_units_own(e->d_name, u))
                        r = strv_appendf(&ret->settings, "%s/%s", directory, e->d_name);
                if (r < 0)
                        return error_oom(reterr);
        }
        strv_sort(ret->wants);
        strv_sort(ret->settings);
        return 0;
}

int machine_units_list(const char *machine, MachineUnits *ret, Error **reterr) {
        _cleanup_(unit_names_done) UnitNames u = {};
        _cleanup_(machine_units_done) MachineUnits found = {};
        int r = 0;

        if (unit_names(machine, &u) < 0)
                return error_oom(reterr);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
                r = look_into(directories[i], &u, &found, reterr);
        if (r < 0)
                return r;
        *ret = found;
        found = (MachineUnits) {};
        return 0;
}

char *machine_units_path(const char *path, const char *from, const char *to) {
        _cleanup_(unit_names_done) UnitNames old = {}, new = {};
        const char *entry = strrchr(path, '/') + 1;

        if (unit_names(from, &old) < 0 || unit_names(to, &new) < 0)
                return NULL;
        for (size_t i = 0; i < UNITS; i++) {
                size_t n = strlen(old.names[i]);
                char *renamed;

                if (strncmp(entry, old.names[i], n) == 0 && (!entry[n] || entry[n] == '.'))
                        return asprintf(&renamed, "%.*s%s%s", (int) (entry - path), path, new.names[i], entry + n) < 0 ? NULL : renamed;
        }
        return strdup(path);
}
