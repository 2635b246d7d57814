/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cgroup.h"
#include "cgroup-devices.h"
#include "oci-cgroup.h"

/* The bundle's rules are read in their order, as cgroup v1 had them: each allows or forbids, and the last that fits holds. The kernel's program
 * is a list of what is allowed (cgroup-devices.h), so the rules are played through until such a list is left. */

/* What the specification has every container open, and that nodes may be made of all: that alone opens none. */
static const CgroupDevice usual[] = {
        { .major = CGROUP_DEVICE_ANY_MAJOR, .minor = -1, .access = CGROUP_DEVICE_MKNOD },
        { .block = true, .major = CGROUP_DEVICE_ANY_MAJOR, .minor = -1, .access = CGROUP_DEVICE_MKNOD },
        { .major = 1, .minor = 3, .access = CGROUP_DEVICE_ALL },  { .major = 1, .minor = 5, .access = CGROUP_DEVICE_ALL },
        { .major = 1, .minor = 7, .access = CGROUP_DEVICE_ALL },  { .major = 1, .minor = 8, .access = CGROUP_DEVICE_ALL },
        { .major = 1, .minor = 9, .access = CGROUP_DEVICE_ALL },  { .major = 5, .minor = 0, .access = CGROUP_DEVICE_ALL },
        { .major = 5, .minor = 2, .access = CGROUP_DEVICE_ALL },  { .major = 136, .minor = -1, .access = CGROUP_DEVICE_ALL },
};

typedef struct Rules {
        CgroupDevice items[CGROUP_DEVICES_MAX];
        size_t n;
        bool all; /* is allowed, and there are no items */
} Rules;

static unsigned access_of(const char *letters) {
        unsigned access = 0;

        for (const char *c = letters ?: "rwm"; *c; c++)
                access |= *c == 'r' ? CGROUP_DEVICE_READ : *c == 'w' ? CGROUP_DEVICE_WRITE : *c == 'm' ? CGROUP_DEVICE_MKNOD : 0;
        return access;
}

static int allow(Rules *rules, const CgroupDevice *d, Error **reterr) {
        for (size_t i = 0; i < rules->n; i++) {
                CgroupDevice *old = rules->items + i;

                if (old->block == d->block && old->major == d->major && old->minor == d->minor) {
                        old->access |= d->access;
                        return 0;
                }
        }
        if (rules->n == CGROUP_DEVICES_MAX)
                return error_set(reterr, E2BIG, "linux.resources.devices: more than %d rules", CGROUP_DEVICES_MAX);
        rules->items[rules->n++] = *d;
        return 0;
}

static bool covers(const CgroupDevice *wide, const CgroupDevice *d) {
        return wide->block == d->block && (wide->major == CGROUP_DEVICE_ANY_MAJOR || wide->major == d->major) &&
                (wide->minor < 0 || wide->minor == d->minor);
}

/* What is a part only of an allowed range cannot be said to the kernel. */
static int forbid(Rules *rules, const CgroupDevice *d, Error **reterr) {
        for (size_t i = 0; i < rules->n; i++) {
                CgroupDevice *old = rules->items + i;

                if (covers(d, old))
                        old->access &= ~d->access;
                else if (covers(old, d) && (old->access & d->access))
                        return error_set(reterr, EOPNOTSUPP, "linux.resources.devices: a rule takes a part of what an earlier one allows as a whole");
        }
        return 0;
}

static int play(Rules *rules, bool allows, const CgroupDevice *d, Error **reterr) {
        if (rules->all && allows)
                return 0;
        if (rules->all)
                return error_set(reterr, EOPNOTSUPP, "linux.resources.devices: a rule takes a part of all devices, which an earlier one allows");
        return allows ? allow(rules, d, reterr) : forbid(rules, d, reterr);
}

static int take(Rules *rules, json_t *item, Error **reterr) {
        const char *type = json_string_value(json_object_get(item, "type")) ?: "a";
        json_t *major = json_object_get(item, "major"), *minor = json_object_get(item, "minor");
        bool allows = json_is_true(json_object_get(item, "allow"));
        bool one_major = json_is_integer(major) && json_integer_value(major) >= 0, one_minor = json_is_integer(minor) && json_integer_value(minor) >= 0;
        CgroupDevice d = { .major = one_major ? (unsigned) json_integer_value(major) : CGROUP_DEVICE_ANY_MAJOR,
                           .minor = one_minor ? (int) json_integer_value(minor) : -1, .access = access_of(json_string_value(json_object_get(item, "access"))) };
        bool both = strcmp(type, "a") == 0;
        int r = 0;

        if (!both && strcmp(type, "b") != 0 && strcmp(type, "c") != 0 && strcmp(type, "u") != 0)
                return error_set(reterr, EINVAL, "linux.resources.devices[].type: unknown type '%s'", type);
        if (both && d.major == CGROUP_DEVICE_ANY_MAJOR && d.minor < 0 && d.access == CGROUP_DEVICE_ALL) {
                rules->n = 0;
                rules->all = allows;
                return 0;
        }
        if (both || strcmp(type, "b") != 0)
                r = play(rules, allows, &d, reterr);
        d.block = true;
        return r < 0 || (!both && strcmp(type, "b") != 0) ? r : play(rules, allows, &d, reterr);
}

static void drop_empty(Rules *rules) {
        size_t n = 0;

        for (size_t i = 0; i < rules->n; i++)
                if (rules->items[i].access)
                        rules->items[n++] = rules->items[i];
        rules->n = n;
}

int oci_device_rules_apply(const char *path, json_t *list, Error **reterr) {
        _cleanup_free_ Rules *rules = calloc(1, sizeof(*rules));
        _cleanup_close_ int dir = -1;
        json_t *item;
        size_t i;
        int r = 0;

        if (json_array_size(list) == 0)
                return 0;
        if (!rules)
                return error_oom(reterr);
        json_array_foreach(list, i, item) {
                r = take(rules, item, reterr);
                if (r < 0)
                        return r;
        }
        if (rules->all)
                return 0;
        for (i = 0; r >= 0 && i < ELEMENTSOF(usual); i++)
                r = allow(rules, usual + i, reterr);
        if (r < 0)
                return r;
        drop_empty(rules);
        dir = cgroup_open(path);
        r = dir < 0 ? dir : cgroup_allow_devices(dir, rules->items, rules->n);
        return r < 0 ? error_errno(reterr, r, "linux.resources.devices: the kernel does not let us say which devices %s may use", path) : 0;
}
