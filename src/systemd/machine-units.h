/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* What stands under /etc/systemd for a machine by its name, as links and directories, whether systemd runs or not:
 *
 *     machines.target.wants/nbox@NAME.service      `nbox enable`, and whatever else wants or requires it
 *     nbox@NAME.service, nbox@NAME.service.d       the administrator's own; also what `systemctl set-property` and `mask` write
 *
 * and the same of systemd-nspawn@NAME.service, which machinectl(1) enables, and of the machine's slice, which has its limits. */

typedef struct MachineUnits {
        char **wants;    /* paths of links that start it with something else */
        char **settings; /* paths of all others */
} MachineUnits;

void machine_units_done(MachineUnits *u);

/* Those that are there. */
int machine_units_list(const char *machine, MachineUnits *ret, Error **reterr);

/* The path that one of those paths of `from` has for `to`: the caller's, NULL on out of memory. */
char *machine_units_path(const char *path, const char *from, const char *to);
