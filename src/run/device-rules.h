/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "devices.h"

/* Where no systemd makes them of DeviceAllow=: the rules of a machine's own cgroup. What every machine may use is as systemd's
 * DevicePolicy=closed has it and scope.c adds. 0, or an error of cgroup_allow_devices(). */
int device_rules_apply(const DeviceList *devices, int cgroup);
