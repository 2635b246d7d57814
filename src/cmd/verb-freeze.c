/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "freezer.h"
#include "log.h"
#include "password-agent.h"
#include "registration.h"
#include "unit.h"
#include "verb-list.h"

/* nbox freeze, nbox thaw. Who is not root asks systemd, which asks polkit: what is frozen by it is thawed by us as well. */

typedef struct Freezer {
        int (*by_root)(const Machine *m, Error **reterr);
        int (*by_bus)(sd_bus *bus, const MachineRecord *rec, Error **reterr);
} Freezer;

/* What cannot be frozen goes on. */
static int freeze_scope(sd_bus *bus, const MachineRecord *rec, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = unit_freeze(bus, rec->scope, &error);

        if (r == -ETIMEDOUT)
                (void) unit_thaw(bus, rec->scope, NULL);
        return r < 0 ? error_pass(reterr, r, &error) : 0;
}

static int thaw_scope(sd_bus *bus, const MachineRecord *rec, Error **reterr) {
        return unit_thaw(bus, rec->scope, reterr);
}

static int ask_systemd(const Machine *m, const Freezer *f, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        int r = host_bus_open(&bus, reterr);

        if (r < 0)
                return r;
        if (r == 0 || !m->record->scope)
                return error_set(reterr, EPERM, "Freezing the machine '%s' and thawing it needs root: there is no systemd that could be asked",
                                 m->record->name);
        agent = password_agent_start();
        return f->by_bus(bus, m->record, reterr);
}

static int freezer_act(const char *name, const void *how, Error **reterr) {
        _cleanup_(machine_freep) Machine *m = NULL;
        const Freezer *f = how;
        int r = machine_open_wait(name, MACHINE_OPEN_WAIT_USEC, &m, reterr);

        if (r >= 0)
                r = geteuid() == 0 ? f->by_root(m, reterr) : ask_systemd(m, f, reterr);
        return r < 0 ? r : 0;
}

static int act_on_all(int argc, char **argv, const Freezer *f, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 1, -1, reterr);

        return r < 0 ? r : verb_for_each(&args, freezer_act, f);
}

int verb_freeze(int argc, char **argv, Error **reterr) {
        return act_on_all(argc, argv, &(Freezer){ freezer_freeze, freeze_scope }, reterr);
}

int verb_thaw(int argc, char **argv, Error **reterr) {
        return act_on_all(argc, argv, &(Freezer){ freezer_thaw, thaw_scope }, reterr);
}
