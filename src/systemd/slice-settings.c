/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slice-settings.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "fd.h"
#include "file.h"
#include "property.h"

#define CONTROL "/run/systemd/system.control"
#define FILE_MAX ((size_t) 64 * 1024)

struct PendingProperties {
        sd_bus *bus;
        sd_bus_slot *slot;
        char *unit;
        bool answered;
        int result;
        Error *error;
};

static inline void pending_properties_freep(PendingProperties **p) {
        properties_cancel(*p);
}

static int refused(const char *unit, const sd_bus_error *e, Error **reterr) {
        int r = sd_bus_error_has_name(e, SYSTEMD_SERVICE ".NoSuchUnit") ? -ENOENT : -sd_bus_error_get_errno(e);

        return bus_failed(reterr, r, e, "systemd does not take these limits for %s", unit);
}

static int on_answer(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *unused) {
        PendingProperties *p = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);

        p->answered = true;
        p->result = e ? refused(p->unit, e, &p->error) : 0;
        return 0;
}

static int build(sd_bus *bus, const char *unit, char *const *properties, sd_bus_message **ret, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "SetUnitProperties");

        if (r >= 0)
                r = sd_bus_message_append(m, "sb", unit, 1 /* at run time */);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r < 0)
                return bus_unbuilt(reterr, r, "SetUnitProperties");
        r = properties_append(m, properties, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(m);
        if (r < 0)
                return bus_unbuilt(reterr, r, "SetUnitProperties");
        *ret = TAKE_PTR(m);
        return 0;
}

int properties_begin(sd_bus *bus, const char *unit, char *const *properties, PendingProperties **ret, Error **reterr) {
        _cleanup_(pending_properties_freep) PendingProperties *p = calloc(1, sizeof(*p));
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!p || !(p->unit = strdup(unit)))
                return error_oom(reterr);
        p->bus = sd_bus_ref(bus);
        r = build(bus, unit, properties, &m, reterr);
        if (r < 0)
                return r;
        r = sd_bus_call_async(bus, &p->slot, m, on_answer, p, 0);
        if (r >= 0)
                r = sd_bus_flush(bus); /* before what others are asked for next */
        if (r < 0)
                return error_errno(reterr, r, "Cannot send systemd the limits of %s", unit);
        *ret = TAKE_PTR(p);
        return 0;
}

bool properties_are_answered(const PendingProperties *p) {
        return p->answered;
}

int properties_finish(PendingProperties *pending, Error **reterr) {
        _cleanup_(pending_properties_freep) PendingProperties *p = pending;

        while (!p->answered) {
                int r = bus_step(p->bus, UINT64_MAX, reterr);

                if (r < 0)
                        return r;
        }
        return p->result < 0 ? error_pass(reterr, p->result, &p->error) : 0;
}

PendingProperties *properties_cancel(PendingProperties *p) {
        if (!p)
                return NULL;
        sd_bus_slot_unref(p->slot);
        sd_bus_unref(p->bus);
        free(p->unit);
        error_free(p->error);
        free(p);
        return NULL;
}

int unit_set_properties(sd_bus *bus, const char *unit, char *const *properties, Error **reterr) {
        PendingProperties *p;
        int r = properties_begin(bus, unit, properties, &p, reterr);

        return r < 0 ? r : properties_finish(p, reterr);
}

/* ---- files ---- */

/* Where administrators and packages say what a unit is, the highest first. What of /run/systemd/system.control is ours has our name for it and is
 * not looked at: whoever set the same there by hand came before or after us. */
static const char *const directories[] = {
        "/etc/systemd/system.control", "/run/systemd/transient", "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system", "/lib/systemd/system",
};

static bool says(const char *path, const char *name) {
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(name);
        char *rest;

        if (file_read(AT_FDCWD, path, FILE_MAX, &text) < 0)
                return false;
        rest = text;
        for (char *line; (line = strsep(&rest, "\n"));) {
                line += strspn(line, " \t");
                if (strncmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == '=')
                        return true;
        }
        return false;
}

static int look_into(const char *directory, const char *name, char **ret) {
        _cleanup_closedir_ DIR *d = opendir(directory);

        for (struct dirent *e; d && (e = readdir(d));) {
                size_t n = strlen(e->d_name);
                char *path;

                if (n <= strlen(".conf") || strcmp(e->d_name + n - strlen(".conf"), ".conf") != 0)
                        continue;
                if (asprintf(&path, "%s/%s", directory, e->d_name) < 0)
                        return -ENOMEM;
                if (says(path, name)) {
                        *ret = path;
                        return 1;
                }
                free(path);
        }
        return 0;
}

int slice_setting_of_others(const char *slice, const char *name, char **ret) {
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                _cleanup_free_ char *file = NULL, *drop_ins = NULL;
                int r;

                if (asprintf(&file, "%s/%s", directories[i], slice) < 0 || asprintf(&drop_ins, "%s.d", file) < 0)
                        return -ENOMEM;
                r = look_into(drop_ins, name, ret);
                if (r != 0)
                        return r;
                if (says(file, name)) {
                        *ret = TAKE_PTR(file);
                        return 1;
                }
        }
        return 0;
}

static void remove_file(const char *slice, const char *name, const char *suffix) {
        char *path;

        if (asprintf(&path, CONTROL "/%s.d/50-%s%s.conf", slice, name, suffix) < 0)
                return;
        (void) unlink(path);
        free(path);
}

/* A percentage has a file of another name, and both would be read. */
void slice_setting_settle(const char *slice, const char *name, bool is_share) {
        remove_file(slice, name, is_share ? "" : "Scale");
}

void slice_setting_remove(const char *slice, const char *name) {
        char *directory;

        remove_file(slice, name, "");
        remove_file(slice, name, "Scale");
        if (asprintf(&directory, CONTROL "/%s.d", slice) < 0)
                return;
        (void) rmdir(directory); /* unless somebody else has something in it */
        free(directory);
}
