/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a machine's units are called.
 *
 * systemd nests slices at every unescaped "-": machine-web-1.slice would lie inside machine-web.slice and inherit
 * the limits of the machine "web". So a machine's own slice and scope carry its name escaped. Services have no such
 * nesting, and there the name stands as the user types it (all its characters are allowed in unit names). */

#include "name.h"
#include "registration.h"

static char *escaped(const char *prefix, const char *name, const char *suffix) {
        _cleanup_free_ char *e = unit_name_escape(name);
        char *unit;

        return e && asprintf(&unit, "%s%s%s", prefix, e, suffix) >= 0 ? unit : NULL;
}

char *machine_scope_name(const char *name) {
        return escaped("machine-", name, ".scope");
}

char *machine_slice_name(const char *name) {
        return escaped("machine-", name, ".slice");
}

char *machine_return_service_name(const char *name) {
        return escaped("nbox-return@", name, ".service"); /* its %i is what the scope is called */
}

char *machine_service_name(const char *name) {
        char *unit;

        return asprintf(&unit, "nbox@%s.service", name) >= 0 ? unit : NULL;
}

char *zone_service_name(const char *zone) {
        char *unit;

        return asprintf(&unit, "nbox-zone@%s.service", zone) >= 0 ? unit : NULL;
}

char *machine_transient_service_name(const char *name) {
        char *unit;

        return asprintf(&unit, "nbox-boot-%s.service", name) >= 0 ? unit : NULL;
}
