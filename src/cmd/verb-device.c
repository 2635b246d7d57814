/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Devices of the host's in machines that run: which there are, and those that come and go without a restart. */

#include <string.h>

#include "device-changes.h"
#include "json-text.h"
#include "live-device.h"
#include "machine.h"
#include "table.h"
#include "verb-list.h"

/* ---- nbox device add, nbox device remove ---- */

static int add_one(const Machine *m, const char *text, Error **reterr) {
        DeviceList added = {};
        DeviceSpec spec;
        int r = device_spec_parse(text, false, &spec, reterr);

        if (r < 0)
                return r;
        r = live_device_add(m, &spec, &added, reterr);
        device_spec_done(&spec);
        for (size_t i = 0; i < added.n; i++)
                puts(added.items[i].destination);
        devices_warn_of_used(&added);
        device_list_done(&added);
        return r;
}

int verb_device_add(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 2, -1, reterr);

        for (int i = 1; r >= 0 && i < args.n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL; /* as it is by then */

                r = machine_open(args.operands[0], &m, reterr);
                if (r >= 0)
                        r = add_one(m, args.operands[i], reterr);
        }
        return r;
}

int verb_device_remove(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 2, -1, reterr);

        for (int i = 1; r >= 0 && i < args.n_operands; i++) {
                _cleanup_(machine_freep) Machine *m = NULL;

                r = machine_open(args.operands[0], &m, reterr);
                if (r >= 0)
                        r = live_device_remove(m, args.operands[i], reterr);
        }
        return r;
}

/* ---- nbox device list ---- */

static const char *const headings[] = { "DEVICE", "TYPE", "NUMBER", "ACCESS", "ON HOST", "SINCE", NULL };

/* What the running machine has, and what of it was added by hand. */
typedef struct View {
        DeviceList list;
        DeviceChanges changes;
} View;

static void view_done(View *v) {
        device_list_done(&v->list);
        device_changes_done(&v->changes);
}

static int view_load(const Machine *m, View *v, Error **reterr) {
        int r = device_changes_of(m->record->name, &v->changes, reterr);

        if (r >= 0 && devices_from_text(m->record->devices, &v->list) < 0)
                r = error_oom(reterr);
        return r;
}

static bool was_added(const View *v, const MachineDevice *d) {
        return device_list_find(&v->changes.added, d->destination);
}

static const char *type_of(const MachineDevice *d) {
        return d->block ? "block" : "char";
}

static int print_table(const View *v, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < v->list.n; i++) {
                const MachineDevice *d = v->list.items + i;
                char number[32];

                snprintf(number, sizeof(number), "%u:%u", d->major, d->minor);
                r = table_add(t, (const char *[]){ d->destination, type_of(d), number, device_access_to_string(d->access), d->source,
                                                   was_added(v, d) ? "added" : "start" });
        }
        if (r < 0)
                return error_oom(reterr);
        table_print_or(t, "No devices.", stdout);
        return 0;
}

static int print_json(const View *v, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < v->list.n; i++) {
                const MachineDevice *d = v->list.items + i;

                json_array_append_new(all, json_pack("{s:o, s:s, s:i, s:i, s:s, s:o, s:b}", "device", json_text(d->destination), "type", type_of(d),
                                                     "major", (int) d->major, "minor", (int) d->minor, "access", device_access_to_string(d->access),
                                                     "source", json_text(d->source), "added", (int) was_added(v, d)));
        }
        return json_print(all, reterr);
}

int verb_device_list(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        _cleanup_(view_done) View v = {};
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = machine_find(args.operands[0], &m, reterr);
        if (r >= 0)
                r = view_load(m, &v, reterr);
        if (r < 0)
                return r;
        return args.json ? print_json(&v, reterr) : print_table(&v, reterr);
}
