/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The connection to the host's systemd.
 *
 * "There is no systemd here" is an ordinary answer (containers, other inits, rescue shells) and must cost nothing:
 * /run/systemd/system is looked for before libsystemd is asked for a connection, as sd_booted(3) documents. Beyond
 * that, a bus that is there and does not answer is an error: going on silently would leave a machine outside
 * systemd's sight on a host whose admin relies on it. */

#include "bus.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "password-agent.h"
#include "registration.h"

/* Instead of the 25 s that sd-bus has: PID 1 needs as long when fifty machines start at once on a busy host. */
#define CALL_TIMEOUT_USEC (120 * 1000000ULL)

static void blank_control_bytes(char *s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        *s = ' ';
}

static bool is_refusal(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_AUTH_FAILED,
                                      SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
}

int bus_failed(Error **reterr, int r, const sd_bus_error *e, const char *fmt, ...) {
        _cleanup_free_ char *what = NULL, *said = NULL;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&what, fmt, ap) < 0)
                what = NULL;
        va_end(ap);
        if (!what)
                return error_oom(reterr);
        if (!e || !e->message)
                return error_errno(reterr, r, "%s", what);

        said = strdup(e->message);
        if (!said)
                return error_oom(reterr);
        blank_control_bytes(said);
        if (is_refusal(e)) {
                error_set(reterr, EPERM, "%s: %s", what, said);
                return error_hint(reterr, -EPERM, "Run it as root, or as a user whom polkit allows it.");
        }
        return error_set(reterr, r, "%s: %s", what, said);
}

int bus_unbuilt(Error **reterr, int r, const char *method) {
        return error_errno(reterr, r, "Cannot put together the D-Bus call %s", method);
}

int host_bus_open(sd_bus **ret, Error **reterr) {
        _cleanup_bus_ sd_bus *bus = NULL;
        const char *name;
        struct stat st;
        int r;

        if (lstat("/run/systemd/system/", &st) < 0 || !S_ISDIR(st.st_mode))
                return 0;
        r = sd_bus_open_system_with_description(&bus, "nbox");
        if (r == -ENOENT) /* systemd without a D-Bus daemon: nothing of what we want can be asked for */
                return 0;
        if (r >= 0)
                r = sd_bus_set_allow_interactive_authorization(bus, !password_agent_is_forbidden());
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, CALL_TIMEOUT_USEC);
        if (r >= 0)
                r = sd_bus_set_close_on_exit(bus, 0); /* what is left to undo is undone after the event loop has ended */
        if (r >= 0)
                r = sd_bus_get_unique_name(bus, &name); /* waits until the bus has let us in */
        if (r < 0) {
                error_errno(reterr, r, "systemd runs this host, but its system bus does not answer");
                return error_hint(reterr, r, "See `systemctl status dbus.service`.");
        }
        *ret = TAKE_PTR(bus);
        return 1;
}

int bus_step(sd_bus *bus, uint64_t usec, Error **reterr) {
        int r;

        r = sd_bus_process(bus, NULL);
        if (r == 0) {
                r = sd_bus_wait(bus, usec);
                if (r == -EINTR)
                        return 0;
                if (r == 0 && usec != UINT64_MAX)
                        return error_set(reterr, ETIMEDOUT, "systemd did not answer in time");
        }
        if (r < 0)
                return error_errno(reterr, r, "Lost the connection to the system bus");
        return 0;
}

bool bus_signal_is_of(sd_bus_message *m, const char *service) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *owner, *sender = sd_bus_message_get_sender(m);
        int r;

        if (!sd_bus_message_get_destination(m))
                return true;
        if (!sender)
                return false;
        r = sd_bus_call_method(sd_bus_message_get_bus(m), DBUS_SERVICE, "/org/freedesktop/DBus", DBUS_SERVICE, "GetNameOwner", &e, &reply, "s",
                               service);
        if (r >= 0)
                r = sd_bus_message_read(reply, "s", &owner);
        if (r >= 0 && strcmp(owner, sender) == 0)
                return true;
        log_warning("%s sent a signal in the name of %s, ignoring", sender, service);
        return false;
}

char *unit_path(const char *unit) {
        char *path;

        return sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path) < 0 ? NULL : path;
}

/* Properties are asked for on the unit's path, and asking loads a unit that is not: it is loaded only if GetUnit
 * knows it already. */
static int unit_is_loaded(sd_bus *bus, const char *unit, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "GetUnit", &e, NULL, "s", unit);
        if (r >= 0)
                return 0;
        if (sd_bus_error_has_name(&e, SYSTEMD_SERVICE ".NoSuchUnit"))
                return error_set(reterr, ENXIO, "Unit %s is not loaded", unit);
        return bus_failed(reterr, r, &e, "Cannot ask systemd for %s", unit);
}

int unit_get_string(sd_bus *bus, const char *unit, const char *interface, const char *property, char **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = unit_path(unit);
        int r;

        if (!path)
                return error_oom(reterr);
        r = unit_is_loaded(bus, unit, reterr);
        if (r < 0)
                return r;
        r = sd_bus_get_property_string(bus, SYSTEMD_SERVICE, path, interface, property, &e, ret);
        return r < 0 ? bus_failed(reterr, r, &e, "Cannot read %s of %s", property, unit) : 0;
}

int unit_get_strv(sd_bus *bus, const char *unit, const char *interface, const char *property, char ***ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = unit_path(unit);
        char **v = NULL;
        int r;

        if (!path)
                return error_oom(reterr);
        r = unit_is_loaded(bus, unit, reterr);
        if (r < 0)
                return r;
        r = sd_bus_get_property_strv(bus, SYSTEMD_SERVICE, path, interface, property, &e, &v);
        if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot read %s of %s", property, unit);
        *ret = v;
        return 0;
}
