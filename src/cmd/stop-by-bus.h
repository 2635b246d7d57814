/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "machine-stop.h"
#include "processes.h"

/* What poweroff, halt, reboot, terminate and kill do for a user who is not root: the calls of systemd and systemd-machined
 * that come nearest, so that polkit decides. 0, or an error that says who may. */

int stop_by_bus(const Machine *m, InitAction action, Error **reterr);
int kill_by_bus(const Machine *m, KillWhom whom, int sig, Error **reterr);
