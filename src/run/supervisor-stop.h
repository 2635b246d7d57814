/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "supervisor.h"

/* What more supervisor-stop.c does than supervisor_stop() (supervisor.h). What each init wants to be told is in machine/init.h. */

/* Once init runs: what machinectl tells an init that does not speak systemd's language is translated. */
void stop_watch_machinectl(Supervisor *s);

/* The machine has ended: nobody has to ask it any more. */
void stop_end(Supervisor *s);

/* `nbox run`: a signal for the command. One that it does not handle ends it all the same: PID 1 would never see it. */
void stop_forward_signal(Supervisor *s, int sig);
