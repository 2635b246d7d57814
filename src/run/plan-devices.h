/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "config.h"
#include "error.h"
#include "machine-plan.h"

/* The part of a plan that says which devices of the host's the machine is given. */

int plan_devices(MachinePlan *p, const MachineConfig *c, Error **reterr);

/* Do again what was changed by hand while an earlier life of the machine ran; dir: of its record. A device that is not there any more is
 * warned about, and not given. */
int plan_take_device_changes(MachinePlan *p, int dir, Error **reterr);

/* The rules of all of them, "DeviceAllow=/dev/char/10:229 rw", the caller's. 0 or -ENOMEM. */
int plan_device_rules(const MachinePlan *p, char ***ret);
