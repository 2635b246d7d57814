/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-device.h"

#include <fcntl.h>
#include <string.h>

#include "assemble-dev.h"
#include "cgroup.h"
#include "device-changes.h"
#include "device-place.h"
#include "device-rules.h"
#include "event-log.h"
#include "fd.h"
#include "guest.h"
#include "log.h"
#include "registration.h"
#include "scope-devices.h"

/* What a change works on; all of it opened before anything is changed. */
typedef struct Change {
        const MachineRecord *record;
        DeviceList list;       /* what the machine has, and is to have when the rules are made */
        int dir, lock;         /* device-changes.h */
        DeviceChanges changes;
        int dev;               /* the file system on its /dev */
        sd_bus *bus;           /* NULL: no systemd here */
} Change;

static void change_done(Change *c) {
        device_list_done(&c->list);
        device_changes_done(&c->changes);
        close_fd(c->dir);
        close_fd(c->lock);
        close_fd(c->dev);
        sd_bus_flush_close_unref(c->bus);
}

static int open_dev(const Machine *m, Error **reterr) {
        Guest g = { .proc = -1, .root = -1 };
        int r = guest_open(&g, m->record->name, m->record->leader, m->leader_fd, reterr);

        if (r >= 0)
                r = device_open_dev(g.root, m->record->dev_id, reterr);
        guest_done(&g);
        return r;
}

static int begin(const Machine *m, Change *c, Error **reterr) {
        int r;

        *c = (Change){ .record = m->record, .dir = -1, .lock = -1, .dev = -1 };
        c->dev = open_dev(m, reterr);
        if (c->dev < 0)
                return c->dev;
        c->dir = device_changes_open(m->record->name, &c->lock, reterr);
        if (c->dir < 0)
                return c->dir;
        r = device_changes_load(c->dir, &c->changes, reterr);
        if (r >= 0 && devices_from_text(m->record->devices, &c->list) < 0)
                r = error_oom(reterr);
        if (r >= 0 && m->record->scope)
                r = host_bus_open(&c->bus, reterr);
        return r < 0 ? r : 0;
}

static void tell(const Machine *m, const DeviceList *list, EventKind kind) {
        for (size_t i = 0; i < list->n; i++)
                event_log(kind, m->record->name, "device", list->items[i].destination, NULL);
}

/* ---- rules ---- */

static int set_rule(const Change *c, const MachineDevice *d, Error **reterr) {
        unsigned access = device_list_access(&c->list, d->block, d->major, d->minor);
        char path[DEVICE_UNIT_PATH_MAX];

        device_unit_path(d, path);
        return access == 0 ? scope_deny_device(c->bus, c->record->scope, path, reterr)
                           : scope_allow_device(c->bus, c->record->scope, path, device_access_to_string(access), reterr);
}

/* Where the kernel has let us make none, none is needed. */
static int set_own_rules(const Change *c, Error **reterr) {
        _cleanup_close_ int cgroup = c->record->cgroup && c->record->cgroup_owned ? cgroup_open(c->record->cgroup) : -ENOENT;
        int r = cgroup < 0 ? 0 : device_rules_apply(&c->list, cgroup);

        return r < 0 && r != -EPERM && r != -EINVAL && r != -ENOSYS ?
               error_errno(reterr, r, "Cannot change the devices of %s", c->record->cgroup) : 0;
}

/* What the list says by now, of these. */
static int set_rules(const Change *c, const DeviceList *of, Error **reterr) {
        int r = c->bus ? 0 : set_own_rules(c, reterr);

        for (size_t i = 0; c->bus && r >= 0 && i < of->n; i++)
                r = set_rule(c, of->items + i, reterr);
        return r;
}

/* ---- adding ---- */

/* But for what it has without being given it. */
static void drop(Change *c, const DeviceList *what) {
        for (size_t i = 0; i < what->n; i++) {
                if (!assemble_dev_has(what->items[i].destination))
                        (void) device_unplace(c->dev, what->items + i, NULL);
                (void) device_list_remove(&c->list, what->items[i].destination);
        }
}

/* As if it had not been tried. */
static void undo(Change *c, const DeviceList *added) {
        drop(c, added);
        (void) set_rules(c, added, NULL);
        for (size_t i = 0; i < added->n; i++)
                (void) device_list_remove(&c->changes.added, added->items[i].destination);
        (void) device_changes_save(c->dir, &c->changes, NULL);
}

static int copy(const DeviceList *from, DeviceList *to, Error **reterr) {
        char **text = NULL;
        int r = devices_to_text(from, &text);

        if (r >= 0)
                r = devices_from_text(text, to);
        strv_free(text);
        return r < 0 ? error_oom(reterr) : 0;
}

static int check_places(const Change *c, const DeviceList *added, Error **reterr) {
        for (size_t i = 0; i < added->n; i++)
                if (device_list_find(&c->list, added->items[i].destination)) {
                        error_set(reterr, EEXIST, "The machine '%s' has a device at %s already", c->record->name,
                                  added->items[i].destination);
                        return error_hint(reterr, -EEXIST, "`nbox device list %s` shows what it has; another place: PATH:/dev/NAME",
                                          c->record->name);
                }
        if (c->list.n + added->n > DEVICES_MAX)
                return error_set(reterr, E2BIG, "The machine '%s' would have more than %d devices", c->record->name, DEVICES_MAX);
        return 0;
}

static int place(const Change *c, const DeviceList *added, Error **reterr) {
        DeviceOwner owner = { c->record->uid_base, c->record->uid_range };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < added->n; i++)
                r = device_place(c->dev, added->items + i, &owner, reterr);
        return r;
}

static int add(Change *c, const DeviceList *added, Error **reterr) {
        int r = check_places(c, added, reterr);

        for (size_t i = 0; r >= 0 && i < added->n; i++)
                if (device_changes_add(&c->changes, added->items + i) < 0)
                        r = error_oom(reterr);
        if (r >= 0)
                r = copy(added, &c->list, reterr);
        if (r < 0)
                return r;
        r = device_changes_save(c->dir, &c->changes, reterr);
        if (r >= 0)
                r = set_rules(c, added, reterr);
        if (r >= 0)
                r = place(c, added, reterr);
        if (r < 0)
                undo(c, added);
        return r;
}

int live_device_add(const Machine *m, const DeviceSpec *spec, DeviceList *added, Error **reterr) {
        DeviceList found = {};
        Change c;
        int r = begin(m, &c, reterr);

        if (r >= 0)
                r = devices_resolve(spec, &found, reterr);
        if (r >= 0)
                r = add(&c, &found, reterr);
        if (r >= 0) {
                tell(m, &found, EVENT_DEVICE_ADDED);
                r = copy(&found, added, reterr);
        }
        device_list_done(&found);
        change_done(&c);
        return r;
}

/* ---- removing ---- */

static bool is_in(const char *path, const char *directory) {
        size_t n = strlen(directory);

        return strncmp(path, directory, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static int find(const Change *c, const char *destination, DeviceList *ret, Error **reterr) {
        DeviceList view = {};
        int r = copy(&c->list, &view, reterr);

        for (size_t i = view.n; r >= 0 && i > 0; i--)
                if (!is_in(view.items[i - 1].destination, destination)) {
                        device_done(view.items + i - 1);
                        memmove(view.items + i - 1, view.items + i, (--view.n - (i - 1)) * sizeof(*view.items));
                }
        if (r >= 0 && view.n == 0) {
                error_set(reterr, ENOENT, "The machine '%s' has no device %s", c->record->name, destination);
                r = error_hint(reterr, -ENOENT, "`nbox device list %s` shows what it has.", c->record->name);
        }
        for (size_t i = 0; r >= 0 && i < view.n; i++)
                if (view.items[i].bound) {
                        error_set(reterr, EOPNOTSUPP, "%s is in the machine by --bind=, which lasts until it ends",
                                  view.items[i].destination);
                        r = error_hint(reterr, -EOPNOTSUPP, "Change its settings and reboot it.");
                }
        *ret = view;
        return r;
}

static int take(Change *c, const DeviceList *gone, Error **reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < gone->n; i++)
                if (device_changes_remove(&c->changes, gone->items[i].destination) < 0)
                        r = error_oom(reterr);
        if (r >= 0)
                r = device_changes_save(c->dir, &c->changes, reterr);
        if (r < 0)
                return r;
        drop(c, gone);
        return set_rules(c, gone, reterr);
}

int live_device_remove(const Machine *m, const char *destination, Error **reterr) {
        DeviceList gone = {};
        Change c;
        int r = begin(m, &c, reterr);

        if (r >= 0)
                r = find(&c, destination, &gone, reterr);
        if (r >= 0)
                r = take(&c, &gone, reterr);
        if (r >= 0)
                tell(m, &gone, EVENT_DEVICE_REMOVED);
        device_list_done(&gone);
        change_done(&c);
        return r;
}
