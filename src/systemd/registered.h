/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "libsystemd.h"

/* The machine that systemd-machined knows to run from a tree or a disk image, by its path on the host, whoever started it: 1 and its name, the
 * caller's; 0 where there is none. */
int registered_machine_of(sd_bus *bus, const char *root, char **ret, Error **reterr);
