/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "devices.h"
#include "error.h"

/* A device's node on the file system that we have mounted on a machine's /dev. Root inside may rename, remove and put there what it likes
 * meanwhile: directories are walked by fd, without links and without leaving that file system, and a node is known by what it is before it
 * is given away. */

typedef struct DeviceOwner {
        uid_t base;     /* the host's id of root inside */
        uint32_t range; /* how many ids it has; 0: no user namespace, all are the host's */
} DeviceOwner;

/* dev: fd of that file system's root. Directories on the way are made. One that is there already as it should be is fine; -EEXIST:
 * something else is. */
int device_place(int dev, const MachineDevice *d, const DeviceOwner *owner, Error **reterr);

/* Unless it has become something else; no such node is 0. */
int device_unplace(int dev, const MachineDevice *d, Error **reterr);

/* The root of the file system that we have mounted on the /dev of a machine whose root is `root`, known by its id. -ESTALE: something else
 * is mounted there. An fd. */
int device_open_dev(int root, uint64_t dev_id, Error **reterr);
