/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machinectl-facts.h"

#include <string.h>

#include "host-machine.h"
#include "parse.h"
#include "record-nic.h"
#include "registration.h"

int facts_open(Facts *ret, Error **reterr) {
        *ret = (Facts){};
        return host_bus_open(&ret->bus, reterr);
}

void facts_done(Facts *f) {
        sd_bus_flush_close_unref(f->bus);
}

/* ---- ours ---- */

static int add_missing(char ***names, const char *name) {
        return strv_contains(*names, name) ? 0 : strv_append(names, name);
}

static int add_ours(char ***names, Error **reterr) {
        Machine **machines = NULL;
        size_t n = 0;
        int r = machine_list(&machines, &n, reterr);

        for (size_t i = 0; r >= 0 && i < n; i++)
                if (machines[i]->state != MACHINE_DEAD && machines[i]->state != MACHINE_CLOSING && add_missing(names, machines[i]->record->name) < 0)
                        r = error_oom(reterr);
        machine_list_free(machines, n);
        return r;
}

static char *copy(const char *text) {
        return text ? strdup(text) : NULL;
}

static void fill(const Machine *m, MachinedMachine *ret) {
        const MachineRecord *r = m->record;
        bool host = is_host_machine(r->name);

        *ret = (MachinedMachine){ .name = copy(r->name), .class = copy(host ? "host" : "container"), .service = copy(host ? "" : "nbox"),
                                  .unit = copy(r->unit), .root = copy(r->root), .leader = r->leader, .since_usec = r->started_usec,
                                  .state = copy(m->state == MACHINE_STARTING ? "opening" : m->state == MACHINE_CLOSING ? "closing" : "running") };
        (void) id128_to_text(r->id, ret->id);
}

/* ---- all ---- */

static size_t without_host(char **names) {
        size_t kept = 0;

        for (size_t i = 0; names && names[i]; i++)
                if (is_host_machine(names[i]))
                        free(names[i]);
                else
                        names[kept++] = names[i];
        if (names)
                names[kept] = NULL;
        return kept;
}

int facts_list(const Facts *f, bool all, char ***ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_strv_ char **names = NULL;
        int r = f->bus && machined_list(f->bus, &names, &error) == -ENOMEM ? error_pass(reterr, -ENOMEM, &error) : 0; /* none: ours alone */

        if (r >= 0)
                r = add_ours(&names, reterr);
        if (r < 0)
                return r;
        if (!all)
                (void) without_host(names);
        else if (add_missing(&names, HOST_MACHINE) < 0)
                return error_oom(reterr);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

int facts_get(const Facts *f, const char *name, MachinedMachine *ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = f->bus ? machined_find(f->bus, name, ret, reterr) : 0;

        if (r != 0)
                return r < 0 ? r : 0;
        r = machine_find_or_host(name, &m, reterr);
        if (r < 0)
                return r;
        fill(m, ret);
        return ret->name && ret->class && ret->state ? 0 : error_oom(reterr);
}

bool facts_is_others(const Facts *f, const char *name) {
        _cleanup_(machined_machine_done) MachinedMachine m = {};
        _cleanup_(record_freep) MachineRecord *record = NULL;

        if (!f->bus || is_host_machine(name) || record_load(name, &record, NULL) >= 0)
                return false;
        return machined_find(f->bus, name, &m, NULL) > 0;
}

int facts_os(const Facts *f, const char *name, MachinedOs *ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = f->bus ? machined_os(f->bus, name, ret, reterr) : 0;

        if (r < 0 || ret->id || ret->pretty_name || machine_find_or_host(name, &m, NULL) < 0 || !m->record->os)
                return r;
        ret->pretty_name = strdup(m->record->os);
        return ret->pretty_name ? 0 : error_oom(reterr);
}

int facts_addresses(const Facts *f, const char *name, char ***ret, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        int r = f->bus ? machined_addresses(f->bus, name, ret, reterr) : 0;
        RecordNic nic;

        if (r < 0 || *ret || machine_find_or_host(name, &m, NULL) < 0)
                return r;
        for (size_t i = 0; r >= 0 && record_nic(m->record, i, &nic); i++) {
                if (*nic.address)
                        r = strv_append(ret, nic.address);
                if (r >= 0 && *nic.address6)
                        r = strv_append(ret, nic.address6);
        }
        return r < 0 ? error_oom(reterr) : 0;
}
