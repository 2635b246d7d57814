/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Starting, stopping, enabling units by systemd's own calls, and thus by its polkit actions: a user whom polkit
 * lets manage units needs no root for them. */

#include "unit.h"

#include <string.h>

#include "bus.h"
#include "clock.h"
#include "failure.h"
#include "job.h"
#include "libsystemd.h"
#include "parse.h"
#include "start-follow.h"

static int start_by(sd_bus *bus, const char *method, const char *unit, const JobHook *hook, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_wait_freep) JobWait *wait = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *result = NULL;
        uint64_t since = clock_usec(CLOCK_REALTIME);
        int r;

        r = job_call_for_unit(bus, method, unit, &m, reterr);
        if (r >= 0)
                r = job_wait_new(bus, &wait, reterr);
        if (r < 0)
                return r;
        job_wait_set_hook(wait, hook);
        r = job_run(wait, m, &e, &result, &error);
        if (start_is_cut_off(r, &e))
                return start_follow(unit, hook, since, reterr);
        if (r != 0)
                return r < 0 ? error_pass(reterr, r, &error) : r;
        return unit_start_outcome(bus, unit, result, since, reterr);
}

int unit_start(sd_bus *bus, const char *unit, const JobHook *hook, Error **reterr) {
        return start_by(bus, "StartUnit", unit, hook, reterr);
}

int unit_restart(sd_bus *bus, const char *unit, Error **reterr) {
        return start_by(bus, "RestartUnit", unit, NULL, reterr);
}

int unit_kill(sd_bus *bus, const char *unit, int sig, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", &e, NULL, "ssi", unit, "all", sig);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not kill %s", unit) : 0;
}

int unit_thaw(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "ThawUnit", &e, NULL, "s", unit);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not thaw %s", unit) : 0;
}

void unit_thaw_begin(sd_bus *bus, const char *unit) {
        _cleanup_message_ sd_bus_message *m = NULL;

        if (sd_bus_message_new_method_call(bus, &m, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "ThawUnit") >= 0 &&
            sd_bus_message_append(m, "s", unit) >= 0 && sd_bus_message_set_expect_reply(m, 0) >= 0)
                (void) sd_bus_send(bus, m, NULL);
}

int unit_freeze(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "FreezeUnit", &e, NULL, "s", unit);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not freeze %s", unit) : 0;
}

int unit_stop(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *result = NULL;
        int r;

        r = job_run_for_unit(bus, "StopUnit", unit, &e, &result, reterr);
        if (r < 0)
                return r;
        if (strcmp(result, "done") != 0)
                return error_set(reterr, EIO, "systemd could not stop %s: %s", unit, result);
        return 0;
}

int unit_active_state(sd_bus *bus, const char *unit, char **ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        r = unit_get_string(bus, unit, SYSTEMD_UNIT, "ActiveState", ret, &error);
        if (r == -ENXIO) {
                *ret = strdup("inactive");
                return *ret ? 0 : error_oom(reterr);
        }
        return r < 0 ? error_pass(reterr, r, &error) : 0;
}

int unit_has_job(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = unit_path(unit);
        uint32_t id = 0;
        int r;

        if (!path)
                return error_oom(reterr);
        r = sd_bus_get_property(bus, SYSTEMD_SERVICE, path, SYSTEMD_UNIT, "Job", &e, &reply, "(uo)");
        if (r >= 0)
                r = sd_bus_message_read(reply, "(uo)", &id, NULL);
        return r < 0 ? bus_failed(reterr, r, &e, "Cannot ask systemd whether %s is being started", unit) : id > 0;
}

int units_reload(sd_bus *bus, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload", &e, NULL, NULL);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not reload its units") : 0;
}

int unit_enable(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "EnableUnitFiles", &e, NULL,
                               "asbb", 1, unit, 0, 0);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not enable %s", unit) : 0;
}

int unit_disable(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "DisableUnitFiles", &e, NULL,
                               "asb", 1, unit, 0);
        return r < 0 ? bus_failed(reterr, r, &e, "systemd could not disable %s", unit) : 0;
}

int unit_file_state(sd_bus *bus, const char *unit, char **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *state;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnitFileState", &e, &reply, "s", unit);
        if (r == -ENOENT || sd_bus_error_has_names(&e, SD_BUS_ERROR_FILE_NOT_FOUND, SYSTEMD_SERVICE ".NoSuchUnit"))
                state = "";
        else if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot ask systemd whether %s is enabled", unit);
        else if ((r = sd_bus_message_read(reply, "s", &state)) < 0)
                return error_errno(reterr, r, "Cannot read systemd's answer about %s", unit);
        *ret = strdup(state);
        return *ret ? 0 : error_oom(reterr);
}

int own_unit(char **ret, Error **reterr) {
        const char *exec_pid = getenv("SYSTEMD_EXEC_PID");
        _cleanup_free_ char *unit = NULL;
        size_t n;
        pid_t pid;
        int r;

        *ret = NULL;
        if (!exec_pid || parse_pid(exec_pid, &pid) < 0 || pid != getpid())
                return 0;
        r = sd_pid_get_unit(0, &unit);
        if (r == -ENODATA || r == -ENXIO || r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, r, "Cannot tell which unit this process is in");
        n = strlen(unit);
        if (n < 8 || strcmp(unit + n - 8, ".service") != 0 || strncmp(unit, "user@", 5) == 0)
                return 0;
        *ret = TAKE_PTR(unit);
        return 0;
}
