/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-devices.h"

#include <string.h>

#include "device-changes.h"
#include "log.h"

int plan_devices(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        for (char **text = c->devices; text && *text; text++) {
                DeviceSpec spec;
                int r = device_spec_parse(*text, true, &spec, reterr);

                if (r < 0)
                        return r;
                r = devices_resolve(&spec, &p->devices, reterr);
                device_spec_done(&spec);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What is by that name now: it may have been unplugged, and have another number. */
static int add_again(MachinePlan *p, const MachineDevice *d, Error **reterr) {
        DeviceSpec spec = { .source = d->source, .destination = d->destination, .access = d->access };
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (device_list_find(&p->devices, d->destination))
                return 0;
        r = devices_resolve(&spec, &p->devices, &error);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0)
                log_warning("Machine '%s' loses a device that was added by hand: %s, ignoring", p->name,
                            error ? error->message : strerror(-r));
        return 0;
}

int plan_take_device_changes(MachinePlan *p, int dir, Error **reterr) {
        DeviceChanges c;
        int r = device_changes_load(dir, &c, reterr);

        if (r < 0)
                return r;
        for (char **d = c.removed; d && *d; d++)
                (void) device_list_remove(&p->devices, *d);
        for (size_t i = 0; r >= 0 && i < c.added.n; i++)
                r = add_again(p, c.added.items + i, reterr);
        device_changes_done(&c);
        return r;
}

int plan_device_rules(const MachinePlan *p, char ***ret) {
        _cleanup_strv_ char **rules = NULL;

        for (size_t i = 0; i < p->devices.n; i++) {
                const MachineDevice *d = p->devices.items + i;
                unsigned access = device_list_access(&p->devices, d->block, d->major, d->minor);
                char path[DEVICE_UNIT_PATH_MAX];

                device_unit_path(d, path);
                if (strv_appendf(&rules, "DeviceAllow=%s %s", path, device_access_to_string(access)) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(rules);
        return 0;
}
