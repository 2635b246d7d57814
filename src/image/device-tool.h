/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "loop.h"

/* Tools of the host's that check or make a file system, run on a block device by a process that has that device and nothing else:
 * nobody's, without a network, with bounds on memory and time (nobody.h). What is in the device may be a stranger's. */

#define DEVICE_TOOL_NODE "./" BLOCK_NODE /* what the device is called on its command line */
#define DEVICE_TOOL_MISSING 127          /* as an exit status: there is no such tool */

typedef enum DeviceToolUser {
        DEVICE_TOOL_NOBODY,
        DEVICE_TOOL_ROOT, /* for those that set a device's block size, which root alone may; nothing of a stranger's is in the device */
} DeviceToolUser;

/* argv[0] is looked for where such tools are, in sbin. Its exit status, or -errno. What it prints is nobody's. */
int device_tool_run(int device, const char *const *argv, DeviceToolUser user);
