/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The service that `boot -d` leaves a machine's supervisor in.
 *
 * A process that merely went into the background would end with the login session (KillUserProcesses=), lose its
 * log, and be nobody's to restart. So it is made a service by PID 1, in the shape of units/nbox@.service: what is
 * set here and what is set there is the same, except that this one carries the command line that the user typed. */

#include <string.h>

#include "bus.h"
#include "clock.h"
#include "failure.h"
#include "job.h"
#include "start-follow.h"
#include "unit.h"

#define SERVICE_STORED_FDS 3 /* a machine's name, control socket and credentials, between two lives */
#define STOP_USEC (120 * 1000000ULL) /* the supervisor asks for more when a machine's own time is longer */

/* How long a service of that name that is just ending is waited for. */
#define ENDING_USEC (60 * 1000000ULL)
#define ENDING_STEP_USEC (20 * 1000)

static int append_command(sd_bus_message *m, const char *property, char *const *argv, bool may_fail) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", property);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sasb)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sasb");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", argv[0]);
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) argv);
        if (r >= 0)
                r = sd_bus_message_append(m, "b", (int) may_fail);
        for (int i = 0; r >= 0 && i < 4; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_environment(sd_bus_message *m, char *const *environment) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Environment");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(m, (char **) environment);
        for (int i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_service(sd_bus_message *m, const TransientService *service) {
        char *gc[] = { service->argv[0], (char *) "gc", NULL };
        /* The command line may name things from there; where it is gone when the machine reboots, that is no reason not to start it. */
        _cleanup_free_ char *cwd = getcwd(NULL, 0), *directory = NULL;
        int r;

        if (cwd && asprintf(&directory, "-%s", cwd) < 0)
                return -ENOMEM;
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                  "Description", "s", service->description,
                                  "WorkingDirectory", "s", directory ?: "/",
                                  "Type", "s", "notify",
                                  "NotifyAccess", "s", "main",
                                  "KillMode", "s", "mixed",
                                  "Slice", "s", "machine.slice",
                                  "CollectMode", "s", "inactive-or-failed");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)",
                                          "Delegate", "b", 1,
                                          "TimeoutStartUSec", "t", UINT64_MAX,
                                          "TimeoutStopUSec", "t", STOP_USEC,
                                          "StartLimitIntervalUSec", "t", (uint64_t) 0,
                                          "After", "as", 3, "dbus.service", "dbus.socket", "network.target",
                                          "RestartUSec", "t", (uint64_t) 0,
                                          "FileDescriptorStoreMax", "u", SERVICE_STORED_FDS,
                                          "RestartForceExitStatus", "(aiai)", 1, UNIT_REBOOT_STATUS, 0,
                                          "SuccessExitStatus", "(aiai)", 1, UNIT_REBOOT_STATUS, 0);
        if (r >= 0)
                r = append_command(m, "ExecStart", service->argv, false);
        if (r >= 0)
                r = append_command(m, "ExecStopPost", gc, true);
        if (r >= 0 && service->stdin_fd >= 0)
                r = sd_bus_message_append(m, "(sv)", "StandardInputFileDescriptor", "h", service->stdin_fd);
        if (r >= 0 && service->environment && service->environment[0])
                r = append_environment(m, service->environment);
        return r;
}

/* The machine has gone a moment before its service has. A unit in any other state is the call's to refuse. */
static int wait_for_ending(sd_bus *bus, const char *unit, Error **reterr) {
        for (uint64_t waited = 0; waited < ENDING_USEC; waited += ENDING_STEP_USEC) {
                _cleanup_free_ char *state = NULL;
                int r = unit_active_state(bus, unit, &state, reterr);

                if (r < 0 || strcmp(state, "deactivating") != 0)
                        return r;
                usleep(ENDING_STEP_USEC);
        }
        return 0;
}

int service_start_transient(sd_bus *bus, const TransientService *service, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_wait_freep) JobWait *wait = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *result = NULL;
        uint64_t since = clock_usec(CLOCK_REALTIME);
        int r;

        r = wait_for_ending(bus, service->unit, reterr);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", service->unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_service(m, service);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return bus_unbuilt(reterr, r, "StartTransientUnit");

        r = job_wait_new(bus, &wait, reterr);
        if (r < 0)
                return r;
        job_wait_set_hook(wait, service->hook);
        r = job_run(wait, m, &e, &result, reterr);
        if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".UnitExists")) {
                error_set(reterr, EEXIST, "%s is there already: its machine is running or just ending", service->unit);
                return error_hint(reterr, -EEXIST, "Look with `nbox list` and `systemctl status '%s'`.", service->unit);
        }
        if (start_is_cut_off(r, &e)) {
                if (reterr)
                        *reterr = (error_free(*reterr), NULL);
                return start_follow(service->unit, service->hook, since, reterr);
        }
        if (r != 0)
                return r;
        return unit_start_outcome(bus, service->unit, result, since, reterr);
}

int service_restarts_on(sd_bus *bus, const char *unit, int status, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = unit_path(unit);
        const int32_t *statuses;
        size_t size;
        int r;

        if (!path)
                return error_oom(reterr);
        r = sd_bus_get_property(bus, SYSTEMD_SERVICE, path, SYSTEMD_SERVICE ".Service", "RestartForceExitStatus", &e, &reply,
                                "(aiai)");
        if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot ask systemd what %s restarts on", unit);
        r = sd_bus_message_enter_container(reply, 'r', "aiai");
        if (r >= 0)
                r = sd_bus_message_read_array(reply, 'i', (const void **) &statuses, &size);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read what %s restarts on", unit);
        for (size_t i = 0; i < size / sizeof(*statuses); i++)
                if (statuses[i] == status)
                        return 1;
        return 0;
}
