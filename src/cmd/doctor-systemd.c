/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The host's systemd and its friends. A host without it runs machines all the same. */

#include <string.h>
#include <sys/stat.h>

#include "bus.h"
#include "doctor.h"
#include "machine-order.h"
#include "unit.h"

#define SYSTEMD_WANTED 252
#define LOGIND_SERVICE "org.freedesktop.login1"

static bool is_booted(void) {
        struct stat st;

        return lstat("/run/systemd/system/", &st) >= 0 && S_ISDIR(st.st_mode);
}

static const Package dbus_package = { { "dbus", "dbus-broker", "dbus", "dbus-1" } };

static void check_systemd(Doctor *d) {
        if (!is_booted()) {
                doctor_found(d, FOUND_ADVICE, "systemd does not run this host");
                doctor_means(d, "Machines run, but not as services (start, enable), without limits, and machinectl does not know them");
        } else if (d->bus_error) {
                doctor_found(d, FOUND_STOPS, "%s", d->bus_error->message);
                doctor_means(d, "Machines can neither be registered nor started as services");
                doctor_mend(d, "systemctl restart dbus.service");
        } else if (!d->bus) {
                doctor_found(d, FOUND_TAKES, "systemd runs this host, but there is no system bus");
                doctor_means(d, "Machines run without scopes and limits, and machinectl does not know them");
                doctor_mend_package(d, &dbus_package);
        }
}

/* "252.39-1~deb12u1" */
static void check_version(Doctor *d) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *version = NULL;
        int n;

        if (!d->bus || sd_bus_get_property_string(d->bus, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "Version", &e, &version) < 0)
                return;
        n = atoi(version + strspn(version, "v"));
        if (n >= SYSTEMD_WANTED || n == 0)
                return;
        doctor_found(d, FOUND_TAKES, "The host's systemd is %s, and nbox is made for %d and later", version, SYSTEMD_WANTED);
        doctor_means(d, "Units, scopes and registration may not work as nbox(1) has them: upgrade the host");
}

static const Package machined_package = { { "systemd-container", "systemd-container", "systemd", "systemd-container" } };

static void check_machined(Doctor *d) {
        static const char unit[] = "systemd-machined.service";
        _cleanup_free_ char *state = NULL;

        if (!d->bus || unit_file_state(d->bus, unit, &state, NULL) < 0)
                return;
        if (*state && strcmp(state, "masked") != 0 && strcmp(state, "masked-runtime") != 0)
                return;
        doctor_found(d, FOUND_TAKES, *state ? "%s is masked" : "%s is not installed", unit);
        doctor_means(d, "Machines run, but machinectl, `systemctl -M` and names from nss-mymachines do not know them");
        if (*state)
                doctor_mend(d, "systemctl unmask%s %s", strcmp(state, "masked") == 0 ? "" : " --runtime", unit);
        else
                doctor_mend_package(d, &machined_package);
}

static void check_logind(Doctor *d) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int on = 0;

        if (!d->bus || sd_bus_get_property_trivial(d->bus, LOGIND_SERVICE, "/org/freedesktop/login1", LOGIND_SERVICE ".Manager", "KillUserProcesses", &e,
                                                   'b', &on) < 0 || !on)
                return;
        doctor_found(d, FOUND_ADVICE, "systemd-logind ends what a user has left running when he logs out (KillUserProcesses=yes)");
        doctor_means(d, "A machine that was booted on a terminal ends with that log-in; `nbox boot -d` and `nbox start` outlive it");
}

static const Package polkit_package = { { "polkitd", "polkit", "polkit", "polkit" } };

static void check_polkit(Doctor *d) {
        _cleanup_free_ char *state = NULL;

        if (!d->bus || unit_file_state(d->bus, "polkit.service", &state, NULL) < 0 || *state)
                return;
        doctor_found(d, FOUND_ADVICE, "polkit is not installed");
        doctor_means(d, "Nobody but root can start, stop or log in to machines: there is no one to ask");
        doctor_mend_package(d, &polkit_package);
}

/* Whom it comes after, and who does not start: named by hand, or disabled later. */
static void check_order_of(Doctor *d, const char *machine, char *const *enabled) {
        _cleanup_(machine_order_done) MachineOrder order = {};
        _cleanup_(error_freep) Error *error = NULL;

        if (machine_order_load(machine, &order, &error) < 0) {
                doctor_found_error(d, FOUND_TAKES, error);
                doctor_mend(d, "nbox disable %s && nbox enable %s", machine, machine);
                return;
        }
        for (char **other = order.after; other && *other; other++) {
                if (**other == '@' || strv_contains(enabled, *other))
                        continue;
                doctor_found(d, FOUND_ADVICE, "The machine %s is to start after %s, which does not start with the host", machine, *other);
                doctor_means(d, "It does not wait for it");
                doctor_mend(d, "nbox enable %s", *other);
        }
}

static void check_order(Doctor *d) {
        _cleanup_strv_ char **enabled = NULL;

        if (machines_enabled(&enabled, NULL) < 0)
                return;
        for (char **m = enabled; m && *m; m++)
                check_order_of(d, *m, enabled);
}

const DoctorCheck systemd_checks[] = {
        { "systemd", "systemd and its bus", check_systemd },
        { "systemd-version", "systemd's version", check_version },
        { "machined", "systemd-machined", check_machined },
        { "logind", "what systemd-logind ends at log-out", check_logind },
        { "polkit", "polkit, for users", check_polkit },
        { "order", "the order in which machines start", check_order },
        {},
};
