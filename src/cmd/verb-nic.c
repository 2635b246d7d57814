/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Interfaces of machines that run: which there are, and those that come and go without a restart. */

#include <string.h>

#include "address.h"
#include "endpoint-nics.h"
#include "enums.h"
#include "give.h"
#include "live-nic.h"
#include "machine-json.h"
#include "machine.h"
#include "nics.h"
#include "record-nic.h"
#include "table.h"
#include "verb-list.h"

/* ---- nbox nic add, nbox nic remove ---- */

int verb_nic_add(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        NicConfig config;
        int r;

        r = verb_operands(&args, 2, 2, reterr);
        if (r >= 0)
                r = nic_parse(args.operands[1], &config, reterr);
        if (r >= 0)
                r = machine_open(args.operands[0], &m, reterr);
        if (r < 0)
                return r;
        give_warn(&(NicList){ &config, 1 });
        r = live_nic_add(m, &config, reterr);
        if (r >= 0)
                puts(config.name);
        return r;
}

int verb_nic_remove(int argc, char **argv, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 2, 2, reterr);
        if (r >= 0)
                r = machine_open(args.operands[0], &m, reterr);
        return r < 0 ? r : live_nic_remove(m, args.operands[1], reterr);
}

/* ---- nbox nic list ---- */

static const char *const headings[] = { "INTERFACE", "KIND", "ON", "HOST", "ADDRESS", "MAC", "SINCE", NULL };

static bool was_added(const Endpoint *e, const char *name) {
        for (size_t i = 0; e && i < e->nic_changes.added.n; i++)
                if (strcmp(e->nic_changes.added.items[i].name, name) == 0)
                        return true;
        return false;
}

/* What there is to choose from, for people. */
static const char *what_of(const RecordNic *nic) {
        return *nic->zone ? nic->zone : *nic->link ? nic->link : "-";
}

static const char *or_none(const char *text) {
        return *text ? text : "-";
}

static int print_table(const Machine *m, const Endpoint *e, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        RecordNic nic;
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && record_nic(m->record, i, &nic); i++)
                r = table_add(t, (const char *[]){
                        nic.name, nic.kind, what_of(&nic), or_none(nic.interface), *nic.address ? nic.address : or_none(nic.address6),
                        or_none(nic.mac), was_added(e, nic.name) ? "added" : "start" });
        if (r < 0)
                return error_oom(reterr);
        table_print_or(t, "No interfaces.", stdout);
        return 0;
}

static int print_json(const Machine *m, const Endpoint *e, Error **reterr) {
        json_t *all = machine_nics_to_json(m), *one;
        size_t i;

        json_array_foreach(all, i, one)
                json_object_set_new(one, "added", json_boolean(was_added(e, json_string_value(json_object_get(one, "name")))));
        return json_print(all, reterr);
}

int verb_nic_list(int argc, char **argv, Error **reterr) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL;
        _cleanup_(machine_freep) Machine *m = NULL;
        VerbArgs args = verb_args(argc, argv);
        int r;

        r = verb_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = machine_find(args.operands[0], &m, reterr);
        if (r >= 0)
                r = endpoint_load(args.operands[0], &e, reterr);
        if (r < 0)
                return r;
        return args.json ? print_json(m, e, reterr) : print_table(m, e, reterr);
}
