/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-changes.h"

#include <string.h>

#include "record-side.h"
#include "strv.h"

static const RecordSide side = { "devices", "devices.lock", 256 * 1024, "the devices" };

void device_changes_done(DeviceChanges *c) {
        device_list_done(&c->added);
        strv_free(c->removed);
        *c = (DeviceChanges){};
}

/* Takes over *d. */
static int list_take(DeviceList *list, MachineDevice *d) {
        MachineDevice *grown = reallocarray(list->items, list->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        list->items = grown;
        list->items[list->n++] = *d;
        *d = (MachineDevice){};
        return 0;
}

static int list_copy(DeviceList *list, const MachineDevice *d) {
        _cleanup_(device_done) MachineDevice copy = *d;

        copy.source = strdup(d->source);
        copy.destination = strdup(d->destination);
        return copy.source && copy.destination ? list_take(list, &copy) : -ENOMEM;
}

int devices_to_text(const DeviceList *list, char ***ret) {
        _cleanup_strv_ char **all = NULL;

        for (size_t i = 0; i < list->n; i++)
                if (strv_consume(&all, device_format(list->items + i)) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(all);
        return 0;
}

int devices_from_text(char *const *text, DeviceList *ret) {
        for (; text && *text; text++) {
                _cleanup_(device_done) MachineDevice d = {};
                int r = device_parse(*text, &d);

                if (r >= 0)
                        r = list_take(ret, &d);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

static int read_line(char *line, void *userdata) {
        DeviceChanges *c = userdata;
        char *word = strsep(&line, " ");

        if (!line)
                return 0;
        if (strcmp(word, "added") == 0)
                return devices_from_text((char *[]){ line, NULL }, &c->added);
        return strcmp(word, "removed") == 0 ? strv_append(&c->removed, line) : 0;
}

int device_changes_load(int dir, DeviceChanges *ret, Error **reterr) {
        int r;

        *ret = (DeviceChanges){};
        r = record_side_load(&side, dir, read_line, ret, reterr);
        if (r < 0)
                device_changes_done(ret);
        return r;
}

int device_changes_of(const char *machine, DeviceChanges *ret, Error **reterr) {
        int r;

        *ret = (DeviceChanges){};
        r = record_side_load_of(&side, machine, read_line, ret, reterr);
        if (r < 0)
                device_changes_done(ret);
        return r;
}

static char *format(const DeviceChanges *c) {
        _cleanup_strv_ char **added = NULL;
        char *text = NULL;
        size_t size;
        FILE *out;

        if (devices_to_text(&c->added, &added) < 0 || !(out = open_memstream(&text, &size)))
                return NULL;
        for (char **a = added; a && *a; a++)
                fprintf(out, "added %s\n", *a);
        for (char **d = c->removed; d && *d; d++)
                fprintf(out, "removed %s\n", *d);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

int device_changes_save(int dir, const DeviceChanges *c, Error **reterr) {
        return record_side_save(&side, dir, format(c), reterr);
}

void device_changes_forget(int dir) {
        record_side_forget(&side, dir);
}

int device_changes_open(const char *machine, int *ret_lock, Error **reterr) {
        return record_side_open(&side, machine, true, ret_lock, reterr);
}

/* What was there from the start and was removed stays on that list: what has its place now may be another one. */
int device_changes_add(DeviceChanges *c, const MachineDevice *d) {
        return list_copy(&c->added, d);
}

int device_changes_remove(DeviceChanges *c, const char *destination) {
        if (device_list_remove(&c->added, destination) || strv_contains(c->removed, destination))
                return 0;
        return strv_append(&c->removed, destination);
}

static int apply(const DeviceChanges *c, DeviceList *list) {
        int r = 0;

        for (char **d = c->removed; d && *d; d++)
                (void) device_list_remove(list, *d);
        for (size_t i = 0; r >= 0 && i < c->added.n; i++)
                if (!device_list_find(list, c->added.items[i].destination))
                        r = list_copy(list, c->added.items + i);
        return r;
}

int device_changes_take(MachineRecord *rec) {
        DeviceChanges c;
        DeviceList list = {};
        char **text = NULL;
        int r = device_changes_of(rec->name, &c, NULL);

        if (r < 0 || (c.added.n == 0 && !c.removed))
                return r == -ENOMEM ? r : 0;
        r = devices_from_text(rec->devices, &list);
        if (r >= 0)
                r = apply(&c, &list);
        if (r >= 0)
                r = devices_to_text(&list, &text);
        if (r >= 0) {
                strv_free(rec->devices);
                rec->devices = text;
        }
        device_list_done(&list);
        device_changes_done(&c);
        return r;
}
