/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* AppArmor, without its library: what is asked is one file, what is set is another (task-label.h). */

/* Whether a process can get that profile: -EOPNOTSUPP where AppArmor is off, -ENOENT where no such profile is loaded. Where the list of
 * profiles cannot be read (securityfs is not mounted), the answer is left to the kernel at the exec. */
int apparmor_check(const char *profile, Error **reterr);
