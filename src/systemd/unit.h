/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "job.h"
#include "libsystemd.h"
#include "strv.h"

/* Units of the host's systemd, by org.freedesktop.systemd1(5). Each call waits for its job to end. */

/* The supervisor's exit status that has systemd start it again: a reboot with settings and binary read anew. */
#define UNIT_REBOOT_STATUS 133

/* hook may be NULL; 1 when it did not want to wait for the end of the start. */
int unit_start(sd_bus *bus, const char *unit, const JobHook *hook, Error **reterr);
int unit_stop(sd_bus *bus, const char *unit, Error **reterr);
int unit_restart(sd_bus *bus, const char *unit, Error **reterr); /* waits as unit_start() does */
int unit_kill(sd_bus *bus, const char *unit, int sig, Error **reterr); /* all of its processes */

/* Have it go on where it was frozen, by systemd or by the kernel's file. systemd 257 refuses each job of a unit that it knows to be frozen, and
 * says that one is where it is not any more. The first waits for the answer; the second does not. */
int unit_thaw(sd_bus *bus, const char *unit, Error **reterr);
void unit_thaw_begin(sd_bus *bus, const char *unit);
int unit_freeze(sd_bus *bus, const char *unit, Error **reterr); /* what has failed may yet come: unit_thaw() undoes it */

int unit_enable(sd_bus *bus, const char *unit, Error **reterr); /* symlinks; then units_reload() */
int unit_disable(sd_bus *bus, const char *unit, Error **reterr);
int units_reload(sd_bus *bus, Error **reterr); /* daemon-reload */

/* Whether a job of systemd's for that unit waits or runs: 1, 0, or -errno. */
int unit_has_job(sd_bus *bus, const char *unit, Error **reterr);

/* ActiveState ("active", "inactive", "failed", …); "inactive" for an unknown unit. *ret is the caller's. */
int unit_active_state(sd_bus *bus, const char *unit, char **ret, Error **reterr);

/* A transient service of nbox@.service's shape for `boot -d`: argv is executed in machine.slice, Type=notify,
 * KillMode=mixed, Delegate, RestartForceExitStatus=133, ExecStopPost=`argv[0] gc`. */
typedef struct TransientService {
        const char *unit;
        const char *description;
        char *const *argv;
        char *const *environment; /* NAME=value; may be NULL */
        int stdin_fd;             /* what the service gets as standard input, each time that it is started; -1: /dev/null */
        const JobHook *hook;      /* may be NULL */
} TransientService;

/* 0 once it is active (READY=1), 1 when the hook did not want to wait for that; or what the unit's log says of its failure. */
int service_start_transient(sd_bus *bus, const TransientService *service, Error **reterr);

/* "enabled", "disabled", "static", "masked", …; "" for a unit that has no file. *ret is the caller's. */
int unit_file_state(sd_bus *bus, const char *unit, char **ret, Error **reterr);

/* The system service whose main process we are ("nbox@web.service"), or NULL with 0. A login session, a user's own
 * service, and a shell within some other service (cron, a CI job) are none: their end is not the machine's end, and
 * nobody there makes a restart of our exit status. Told by SYSTEMD_EXEC_PID (systemd 248). *ret is the caller's. */
int own_unit(char **ret, Error **reterr);

/* Whether systemd starts this service again when its main process exits with `status`, as nbox@.service has it for
 * UNIT_REBOOT_STATUS: 1 or 0. A service of the user's own around `nbox boot` need not. */
int service_restarts_on(sd_bus *bus, const char *unit, int status, Error **reterr);
