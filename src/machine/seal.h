/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* CVE-2019-5736: a guest whose shell is `#!/proc/self/exe` has the process that joins it execute nbox's own binary once more, inside, and
 * can then open it by /proc/PID/exe and, where its root is the host's root, write to it. With a user namespace that open is
 * EACCES. Without one, whoever joins, and whoever starts an init or stands in for one, must not run from the host's file: it starts
 * itself anew from a sealed copy in memory. */

/* Returns 0 when we run from a sealed copy already; else does not return, but begins main() again from one, with the same arguments
 * and environment. -errno with an Error when that cannot be done. */
int seal_self(Error **reterr);
