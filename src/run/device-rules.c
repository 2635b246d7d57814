/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device-rules.h"

#include <errno.h>
#include <linux/major.h>

#include "cgroup-devices.h"
#include "cleanup.h"

#define MISC_TUN 200
#define MISC_FUSE 229

static const CgroupDevice usual[] = {
        { .major = MEM_MAJOR, .minor = 3, .access = DEVICE_ACCESS_ALL }, /* null */
        { .major = MEM_MAJOR, .minor = 5, .access = DEVICE_ACCESS_ALL }, /* zero */
        { .major = MEM_MAJOR, .minor = 7, .access = DEVICE_ACCESS_ALL }, /* full */
        { .major = MEM_MAJOR, .minor = 8, .access = DEVICE_ACCESS_ALL }, /* random */
        { .major = MEM_MAJOR, .minor = 9, .access = DEVICE_ACCESS_ALL }, /* urandom */
        { .major = TTYAUX_MAJOR, .minor = 0, .access = DEVICE_ACCESS_ALL }, /* tty */
        { .major = TTYAUX_MAJOR, .minor = 2, .access = DEVICE_ACCESS_ALL }, /* ptmx */
        { .major = MISC_MAJOR, .minor = MISC_TUN, .access = DEVICE_ACCESS_ALL },
        { .major = MISC_MAJOR, .minor = MISC_FUSE, .access = DEVICE_ACCESS_ALL },
        { .major = UNIX98_PTY_SLAVE_MAJOR, .minor = -1, .access = DEVICE_READ | DEVICE_WRITE },
};

_Static_assert(DEVICE_READ == (int) CGROUP_DEVICE_READ && DEVICE_WRITE == (int) CGROUP_DEVICE_WRITE &&
               DEVICE_MKNOD == (int) CGROUP_DEVICE_MKNOD, "one set of letters");
_Static_assert(DEVICES_MAX + ELEMENTSOF(usual) <= CGROUP_DEVICES_MAX, "all fit");

int device_rules_apply(const DeviceList *devices, int cgroup) {
        CgroupDevice rules[DEVICES_MAX + ELEMENTSOF(usual)];
        size_t n = 0;

        for (; n < ELEMENTSOF(usual); n++)
                rules[n] = usual[n];
        for (size_t i = 0; i < devices->n && n < ELEMENTSOF(rules); i++) {
                const MachineDevice *d = devices->items + i;

                rules[n++] = (CgroupDevice){ .block = d->block, .major = d->major, .minor = (int) d->minor, .access = d->access };
        }
        return cgroup_allow_devices(cgroup, rules, n);
}
