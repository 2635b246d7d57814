/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Where polkit wants a password and the user has no desktop that could ask for it, pkttyagent(1) asks on the terminal.
 * Started before a call that polkit may stop, ended after it. */

/* Its pid, once polkit knows it; 0 where none is needed or none can be had: the call is then allowed or refused without. */
pid_t password_agent_start(void);

void password_agent_stop(pid_t *pid); /* for _cleanup_() */

/* --no-ask-password: from now on none is started, by us or by the processes that we start (a variable says so). */
void password_agent_forbid(void);
bool password_agent_is_forbidden(void);
