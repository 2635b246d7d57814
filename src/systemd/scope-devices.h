/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"

/* Devices of a scope that runs (DeviceAllow=); `path` as systemd.resource-control(5) has it, "/dev/char/10:229" for one by its number. */

/* access: of "r", "w", "m"; in place of what that path was allowed. */
int scope_allow_device(sd_bus *bus, const char *scope, const char *path, const char *access, Error **reterr);

/* No longer by that path. A device that is open stays so. */
int scope_deny_device(sd_bus *bus, const char *scope, const char *path, Error **reterr);
