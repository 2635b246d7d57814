/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The supervisor's socket is root's, and stays so: a right to it would be a second answer to who may do what. What an
 * administrator allows a user in polkit's rules, systemd does for him: stopping the service or the scope is the machine's
 * orderly end (units/nbox@.service), restarting the service is that and a start. */

#include "stop-by-bus.h"

#include <signal.h>

#include "password-agent.h"
#include "registration.h"
#include "unit.h"

static int open_bus(const Machine *m, sd_bus **ret, Error **reterr) {
        int r = host_bus_open(ret, reterr);

        if (r < 0)
                return r;
        if (r == 0)
                return error_set(reterr, EPERM, "Stopping the machine '%s' needs root: there is no systemd that could be asked for it",
                                 m->record->name);
        return 0;
}

static int kill_processes(sd_bus *bus, const MachineRecord *rec, KillWhom whom, int sig, Error **reterr) {
        if (rec->registered)
                return registration_kill(bus, rec->name, whom == KILL_LEADER ? "leader" : "all", sig, reterr);
        if (rec->scope && whom == KILL_ALL)
                return unit_kill(bus, rec->scope, sig, reterr);
        return error_set(reterr, EPERM, "The machine '%s' is not registered with systemd: sending its init a signal needs root", rec->name);
}

static int restart(sd_bus *bus, const MachineRecord *rec, Error **reterr) {
        if (rec->unit)
                return unit_restart(bus, rec->unit, reterr);
        return error_set(reterr, EPERM, "The machine '%s' is not a service: rebooting it needs root", rec->name);
}

int stop_by_bus(const Machine *m, InitAction action, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        const MachineRecord *rec = m->record;
        int r = open_bus(m, &bus, reterr);

        if (r < 0)
                return r;
        agent = password_agent_start();
        if (action == INIT_KILL)
                return kill_processes(bus, rec, KILL_ALL, SIGKILL, reterr);
        if (action == INIT_REBOOT)
                return restart(bus, rec, reterr);
        if (!rec->unit && !rec->scope)
                return error_set(reterr, EPERM, "The machine '%s' has no unit of systemd's: stopping it needs root", rec->name);
        return unit_stop(bus, rec->unit ?: rec->scope, reterr);
}

int kill_by_bus(const Machine *m, KillWhom whom, int sig, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        int r = open_bus(m, &bus, reterr);

        if (r < 0)
                return r;
        agent = password_agent_start();
        return kill_processes(bus, m->record, whom, sig, reterr);
}
