/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Machines as units of the host: start, stop, enable, disable. They ask systemd and do nothing themselves, so that a
 * machine started here and one started by `systemctl start nbox@NAME` are the same, and polkit decides who may. */

#include <signal.h>
#include <string.h>

#include "boot-wait.h"
#include "find.h"
#include "log.h"
#include "name.h"
#include "password-agent.h"
#include "record.h"
#include "registration.h"
#include "unit.h"
#include "verb-list.h"

#define MACHINES_TARGET "machines.target"

typedef int (*UnitAction)(sd_bus *bus, const char *name, const char *unit, Error **reterr);

static int no_systemd(const char *verb, const char *name, Error **reterr) {
        error_set(reterr, EOPNOTSUPP, "systemd is not running here, and `nbox %s` is its job", verb);
        if (strcmp(verb, "start") == 0)
                return error_hint(reterr, -EOPNOTSUPP, "`nbox boot -d %s` starts the machine without it.", name);
        if (strcmp(verb, "stop") == 0)
                return error_hint(reterr, -EOPNOTSUPP, "`nbox poweroff %s` ends the machine.", name);
        return error_hint(reterr, -EOPNOTSUPP, "Without it, have the host's own start-up scripts run `nbox boot -d %s`.", name);
}

static int act_on(sd_bus *bus, const char *name, UnitAction action, Error **reterr) {
        _cleanup_free_ char *unit = machine_service_name(name);

        return unit ? action(bus, name, unit, reterr) : error_oom(reterr);
}

/* All names are looked at before anything is done. One machine's failure does not keep the others waiting: it is
 * printed here, unless it is the last one's, which goes up as the verb's. */
static int for_each_name(int argc, char **argv, UnitAction action, Error **reterr) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(password_agent_stop) pid_t agent = 0;
        VerbArgs args = verb_args(argc, argv);
        int r, failed = 0;

        r = verb_operands(&args, 1, -1, reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = machine_name_check(args.operands[i], reterr);
        if (r < 0)
                return r;
        r = host_bus_open(&bus, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return no_systemd(argv[0], args.operands[0], reterr);
        agent = password_agent_start();

        for (int i = 0; i < args.n_operands; i++) {
                _cleanup_(error_freep) Error *error = NULL;

                r = act_on(bus, args.operands[i], action, &error);
                if (r > 0) /* ^C: what has not been asked for yet is not wanted any more */
                        return 128 + SIGINT;
                if (r == 0)
                        continue;
                failed = r;
                if (i < args.n_operands - 1)
                        log_report(LOG_LEVEL_ERROR, r, error);
                else
                        error_pass(reterr, r, &error);
        }
        return r < 0 ? r : failed < 0;
}

static int start(sd_bus *bus, const char *name, const char *unit, Error **reterr) {
        BootWait wait;
        JobHook hook = { boot_wait_tick, &wait };
        int r;

        boot_wait_begin(&wait, name, false);
        r = unit_start(bus, unit, &hook, reterr);
        boot_wait_end(&wait, r == 0);
        return r;
}

int verb_start(int argc, char **argv, Error **reterr) {
        return for_each_name(argc, argv, start, reterr);
}

/* The machine's supervisor may be in the service that `boot -d` made, or in none. */
static int stop_by_record(sd_bus *bus, const char *name, Error **reterr) {
        _cleanup_(record_freep) MachineRecord *record = NULL;
        int r;

        r = record_load(name, &record, reterr);
        if (r < 0)
                return r;
        if (record->unit)
                return unit_stop(bus, record->unit, reterr);
        error_set(reterr, EOPNOTSUPP, "'%s' is running, but not as a service: it was started on a terminal", name);
        return error_hint(reterr, -EOPNOTSUPP, "`nbox poweroff %s` ends it.", name);
}

static int stop(sd_bus *bus, const char *name, const char *unit, Error **reterr) {
        _cleanup_free_ char *state = NULL;
        int r;

        r = unit_active_state(bus, unit, &state, reterr);
        if (r < 0)
                return r;
        if (strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0)
                return stop_by_record(bus, name, reterr);
        return unit_stop(bus, unit, reterr);
}

int verb_stop(int argc, char **argv, Error **reterr) {
        return for_each_name(argc, argv, stop, reterr);
}

static int target_state(sd_bus *bus, char **ret, Error **reterr) {
        int r;

        r = unit_file_state(bus, MACHINES_TARGET, ret, reterr);
        if (r < 0 || **ret)
                return r;
        error_set(reterr, ENOENT, "%s, with which machines start, is not installed", MACHINES_TARGET);
        return error_hint(reterr, -ENOENT, "It comes with systemd-machined (on Debian: `apt install systemd-container`).");
}

/* A misspelt name would be noticed only when the host starts. Who may not look is believed. */
static int check_image(const char *name, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r;

        r = image_find(name, &image, &error);
        if (r != -ENOENT)
                return 0;
        if (reterr)
                *reterr = TAKE_PTR(error);
        return r;
}

/* An enabled machine starts with machines.target, which is of no use while that is disabled itself. */
static int enable(sd_bus *bus, const char *name, const char *unit, Error **reterr) {
        _cleanup_free_ char *target = NULL;
        int r;

        r = check_image(name, reterr);
        if (r >= 0)
                r = target_state(bus, &target, reterr);
        if (r >= 0)
                r = unit_enable(bus, unit, reterr);
        if (r < 0 || strcmp(target, "disabled") != 0)
                return r;
        r = unit_enable(bus, MACHINES_TARGET, reterr);
        if (r >= 0)
                log_info("%s was disabled and is enabled now: all enabled machines start with the host", MACHINES_TARGET);
        return r;
}

int verb_enable(int argc, char **argv, Error **reterr) {
        return for_each_name(argc, argv, enable, reterr);
}

static int disable(sd_bus *bus, const char *name _unused_, const char *unit, Error **reterr) {
        return unit_disable(bus, unit, reterr);
}

int verb_disable(int argc, char **argv, Error **reterr) {
        return for_each_name(argc, argv, disable, reterr);
}
