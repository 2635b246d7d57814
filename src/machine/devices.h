/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device-spec.h"
#include "error.h"

/* Devices of the host's that a machine may use: nodes that stand in its /dev, and rules that let its cgroup open them. Which device a node
 * is was looked at once, when the machine was started or the device added: its number, not its name, is what is opened. */

typedef struct MachineDevice {
        char *source;      /* the node's path on the host */
        char *destination; /* in the machine, below /dev; where it was bound elsewhere (--bind=), any path */
        bool block;
        unsigned major, minor;
        unsigned access;   /* DeviceAccess */
        mode_t mode;       /* permissions of the host's node, and its group; not in the text form */
        gid_t group;
        bool bound;        /* its node stands there by a mount: nothing is to be made */
} MachineDevice;

typedef struct DeviceList {
        MachineDevice *items;
        size_t n;
} DeviceList;

#define DEVICES_MAX 128

void device_list_done(DeviceList *list);

/* By its place in the machine: NULL for none. */
MachineDevice *device_list_find(const DeviceList *list, const char *destination);

/* Look at the host's node, or at all in a directory and below it, and append what is found; links in a directory are passed over. -ENODEV:
 * it is no device node, -ENOENT, -EEXIST: two for one place, -E2BIG. `list` is unchanged then. What is optional and not there is 0. */
int devices_resolve(const DeviceSpec *spec, DeviceList *list, Error **reterr);

/* Append the device that a bind of such a node opens; 0 without one where the source is something else. In `placed`: whether its
 * destination is one below /dev, so that a node can stand there instead of the mount. */
int devices_resolve_bind(const char *source, const char *destination, bool read_only, DeviceList *list, bool *ret_placed, Error **reterr);

/* Take away the one with that place. 1, or 0 where there is none such. */
int device_list_remove(DeviceList *list, const char *destination);

/* As a record has it: "c 10:229 rw DEST:SOURCE", or with "bound" in place of the permissions' end ("c 10:229 rw,bound …"). The caller's,
 * NULL on out of memory; parse: -EINVAL. */
char *device_format(const MachineDevice *d);
int device_parse(const char *text, MachineDevice *ret);
void device_done(MachineDevice *d);

/* All that the list allows one device of the host's: several places may have it. */
unsigned device_list_access(const DeviceList *list, bool block, unsigned major, unsigned minor);

/* "/dev/char/10:229": systemd takes the number out of that path, and looks at no file (systemd.resource-control(5)). */
#define DEVICE_UNIT_PATH_MAX 48
void device_unit_path(const MachineDevice *d, char ret[DEVICE_UNIT_PATH_MAX]);

/* Warn of block devices that the host itself uses: both writing to one file system damages it. */
void devices_warn_of_used(const DeviceList *list);
