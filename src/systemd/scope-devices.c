/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The devices that a scope which runs may use. systemd writes what is set at run time into a drop-in of the transient unit, which is read
 * again by a daemon-reload and goes with the scope (seen with 252). */

#include "scope-devices.h"

#include <string.h>

#include "bus.h"
#include "cleanup.h"

#define SCOPE_INTERFACE "org.freedesktop.systemd1.Scope"

static int begin(sd_bus *bus, const char *scope, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(bus, ret, SYSTEMD_SERVICE, SYSTEMD_PATH, SYSTEMD_MANAGER, "SetUnitProperties");

        if (r >= 0)
                r = sd_bus_message_append(*ret, "sb", scope, 1);
        return r < 0 ? r : sd_bus_message_open_container(*ret, 'a', "(sv)");
}

static int send_rules(sd_bus *bus, sd_bus_message *m, const char *scope, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_message_close_container(m);

        if (r < 0)
                return bus_unbuilt(reterr, r, "SetUnitProperties");
        r = sd_bus_call(bus, m, 0, &e, NULL);
        return r < 0 ? bus_failed(reterr, r, &e, "Cannot change the devices of %s", scope) : 0;
}

int scope_allow_device(sd_bus *bus, const char *scope, const char *path, const char *access, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r = begin(bus, scope, &m);

        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 1, path, access);
        return r < 0 ? bus_unbuilt(reterr, r, "SetUnitProperties") : send_rules(bus, m, scope, reterr);
}

static int read_list(sd_bus *bus, const char *scope, sd_bus_message **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = unit_path(scope);
        int r;

        if (!path)
                return error_oom(reterr);
        r = sd_bus_get_property(bus, SYSTEMD_SERVICE, path, SCOPE_INTERFACE, "DeviceAllow", &e, ret, "a(ss)");
        return r < 0 ? bus_failed(reterr, r, &e, "Cannot read the devices of %s", scope) : 0;
}

/* All but one of the list `from`. */
static int copy_list(sd_bus_message *to, sd_bus_message *from, const char *but) {
        const char *path, *access;
        int r = sd_bus_message_open_container(to, 'r', "sv");

        if (r >= 0)
                r = sd_bus_message_append(to, "s", "DeviceAllow");
        if (r >= 0)
                r = sd_bus_message_open_container(to, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(to, 'a', "(ss)");
        if (r >= 0)
                r = sd_bus_message_enter_container(from, 'a', "(ss)");
        while (r >= 0 && (r = sd_bus_message_read(from, "(ss)", &path, &access)) > 0)
                if (strcmp(path, but) != 0)
                        r = sd_bus_message_append(to, "(ss)", path, access);
        for (int i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(to);
        return r;
}

int scope_deny_device(sd_bus *bus, const char *scope, const char *path, Error **reterr) {
        _cleanup_message_ sd_bus_message *m = NULL, *list = NULL;
        int r = read_list(bus, scope, &list, reterr);

        if (r < 0)
                return r;
        r = begin(bus, scope, &m);
        if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "DeviceAllow", "a(ss)", 0); /* which empties it */
        if (r >= 0)
                r = copy_list(m, list, path);
        return r < 0 ? bus_unbuilt(reterr, r, "SetUnitProperties") : send_rules(bus, m, scope, reterr);
}
