/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan-resources.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include "limits.h"
#include "live-resources.h"
#include "property.h"
#include "provenance.h"
#include "registration.h"
#include "resources.h"
#include "slice-settings.h"
#include "text.h"

/* systemd finds the disk below a file by itself, and passes over what has none without a word. */
static bool has_device(const char *path) {
        struct statfs fs;
        struct stat st;

        if (stat(path, &st) < 0)
                return false;
        return S_ISBLK(st.st_mode) || major(st.st_dev) != 0 || (statfs(path, &fs) >= 0 && fs.f_type == BTRFS_SUPER_MAGIC);
}

static int check_device(const char *device, const char *tree, const char *rate, const char *word, Error **reterr) {
        if (has_device(device ?: tree))
                return 0;
        if (device)
                return error_set(reterr, ENODEV, "%s=%s:%s: %s is no block device here", word, device, rate, device);
        error_set(reterr, ENODEV, "%s=%s: %s is on no block device (but a tmpfs or a network's file system)", word, rate, tree);
        return error_hint(reterr, -ENODEV, "Name the device: %s=/dev/sda:%s", word, rate);
}

int resource_check_devices(Resource resource, const char *text, const char *tree, Error **reterr) {
        const char *word = resource_option(resource)->spec.name;
        int r = 0;

        while (r >= 0 && resource_is_of_devices(resource)) {
                _cleanup_free_ char *device = NULL, *rate = NULL;

                r = resource_next_device(&text, &device, &rate);
                if (r == 0)
                        break;
                r = r < 0 ? error_oom(reterr) : check_device(device, tree, rate, word, reterr);
        }
        return r < 0 ? r : 0;
}

bool plan_has_own_slice(const MachinePlan *p) {
        _cleanup_free_ char *own = machine_slice_name(p->name);

        return own && strcmp(own, p->slice) == 0;
}

static int take_from(MachinePlan *p, const MachineConfig *c, Resource r) {
        for (const Assignment *a = c->assignments.first; a; a = a->next)
                if (a->field == FIELD_RESOURCES + r) {
                        free(p->resources_from[r]);
                        p->resources_from[r] = provenance_text(a);
                }
        return !c->resources[r] || p->resources_from[r] ? 0 : string_set(&p->resources_from[r], "settings");
}

int plan_resources(MachinePlan *p, const MachineConfig *c, Error **reterr) {
        int r = 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++) {
                if (!c->resources[i])
                        continue;
                if (string_set(&p->resources[i], c->resources[i]) < 0 || take_from(p, c, i) < 0)
                        return error_oom(reterr);
                r = resource_check_devices(i, p->resources[i], p->root, reterr);
        }
        return r < 0 ? r : plan_settle_resources(p, reterr);
}

static bool has_default_on_slice(const MachinePlan *p, Resource r) {
        return p->resources[RESOURCE_OOM_POLICY] && (r == RESOURCE_MEMORY || r == RESOURCE_SWAP);
}

/* What was kept is in the settings, too, or something newer is; but the start's own command line stands above those. */
static int take_changes(MachinePlan *p, LiveResources *l, Resource i) {
        bool by_settings = !p->resources_from[i] || strcmp(p->resources_from[i], PROVENANCE_COMMAND_LINE) != 0;

        if (string_set(&l->start[i], p->resources[i]) < 0 || string_set(&l->from[i], p->resources_from[i]) < 0 ||
            (by_settings && string_set(&l->kept[i], NULL) < 0) || string_set(&p->resources[i], live_resource(l, i)) < 0)
                return -ENOMEM;
        l->put[i] = (p->resources[i] || has_default_on_slice(p, i)) && plan_has_own_slice(p);
        return 0;
}

int plan_take_resources(MachinePlan *p, int dir, bool lived, Error **reterr) {
        _cleanup_(live_resources_done) LiveResources l = {};
        int r = lived ? live_resources_load(dir, &l, reterr) : 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++)
                if (take_changes(p, &l, i) < 0)
                        r = error_oom(reterr);
        if (r >= 0)
                r = live_resources_save(dir, &l, reterr);
        return r < 0 || !lived ? r : plan_settle_resources(p, reterr);
}

/* ---- properties ---- */

/* What an administrator has said of that very slice counts. */
static int is_of_others(const MachinePlan *p, Resource r) {
        _cleanup_free_ char *where = NULL;

        return slice_setting_of_others(p->slice, resource_option(r)->key, &where);
}

static int append(const MachinePlan *p, bool own_slice, char ***list) {
        int r = 0;

        for (Resource i = 0; r >= 0 && i < RESOURCES; i++) {
                if (!p->resources[i])
                        continue;
                r = own_slice ? is_of_others(p, i) : 0;
                if (r == 0)
                        r = resource_properties(i, p->resources[i], p->root, list);
        }
        return r;
}

/* A default gives way to what the user says of the same thing, more or less; on a slice of the machine's own that is where it counts. Whoever
 * asks for a policy for the end of memory is asked for it where the limit is: so the default stands on the slice, then. */
int plan_settle_resources(MachinePlan *p, Error **reterr) {
        _cleanup_strv_ char **slice = NULL, **scope = NULL;
        bool own = plan_has_own_slice(p);
        int r;

        p->tasks = limits_tasks();
        r = limits_properties(p, own, &scope, &slice);
        if (r >= 0)
                r = append(p, own, own ? &slice : &scope);
        for (char **user = p->properties; r >= 0 && user && *user; user++)
                r = strv_append(&scope, *user);
        if (r < 0)
                return error_oom(reterr);
        strv_free(p->slice_properties);
        strv_free(p->scope_properties);
        p->slice_properties = TAKE_PTR(slice);
        p->scope_properties = TAKE_PTR(scope);
        return properties_check(p->slice_properties, reterr);
}
