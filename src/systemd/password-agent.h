/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

/* Where polkit wants a password and the user has no desktop that could ask for it, pkttyagent(1) asks on the terminal.
 * Started before a call that polkit may stop, ended after it. */

/* Its pid, once polkit knows it; 0 where none is needed or none can be had: the call is then allowed or refused without. */
pid_t password_agent_start(void);

void password_agent_stop(pid_t *pid); /* for _cleanup_() */
