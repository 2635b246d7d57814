/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

/* Names of ephemeral machines that nobody has named: the image's, "-", and 16 random hexadecimal digits, as systemd-nspawn(1) has them. So
 * several can run at once. Settings are those of the name before the suffix. */

/* How long the name before the suffix is, or 0 for a name without one. */
size_t passing_name_base(const char *name);

/* Give c such a name: the one that is handed in, of an earlier life, or a new one. -errno. */
int passing_name_choose(MachineConfig *c, const char *earlier, Error **reterr);
