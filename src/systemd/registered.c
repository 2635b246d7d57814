/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registered.h"

#include <string.h>

#include "bus.h"

/* One that has gone meanwhile has none. */
static bool runs_from(sd_bus *bus, const char *object, const char *root) {
        _cleanup_free_ char *its = NULL;

        return sd_bus_get_property_string(bus, MACHINED_SERVICE, object, MACHINED_SERVICE ".Machine", "RootDirectory", NULL, &its) >= 0 &&
                strcmp(its, root) == 0;
}

int registered_machine_of(sd_bus *bus, const char *root, char **ret, Error **reterr) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *name, *object;
        int r;

        r = sd_bus_call_method(bus, MACHINED_SERVICE, MACHINED_PATH, MACHINED_MANAGER, "ListMachines", &e, &reply, NULL);
        if (r < 0)
                return bus_failed(reterr, r, &e, "Cannot ask systemd-machined for its machines");
        r = sd_bus_message_enter_container(reply, 'a', "(ssso)");
        while (r > 0 && (r = sd_bus_message_read(reply, "(ssso)", &name, NULL, NULL, &object)) > 0)
                if (runs_from(bus, object, root)) {
                        *ret = strdup(name);
                        return *ret ? 1 : error_oom(reterr);
                }
        return r < 0 ? error_errno(reterr, r, "Cannot read systemd-machined's list of machines") : 0;
}
