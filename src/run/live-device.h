/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "devices.h"
#include "error.h"
#include "machine.h"

/* Devices that a running machine gets and loses: the rule of its cgroup, the node in its /dev, and what its next life is to know. All or
 * nothing. */

/* What was added is appended to `added`. */
int live_device_add(const Machine *m, const DeviceSpec *spec, DeviceList *added, Error **reterr);

/* By its place in the machine, or that of a directory: then all in it. What has it open keeps it open. -ENOENT: it has none such. */
int live_device_remove(const Machine *m, const char *destination, Error **reterr);
