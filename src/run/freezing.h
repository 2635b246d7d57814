/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "supervisor.h"

/* The supervisor's side of machine/freeze.h: the machine is frozen for as long as one connection says so. */

/* Take the fd of who asked, after it was answered; he has to say something at least every FREEZE_SILENCE_USEC. */
int freezing_begin(Supervisor *s, int fd, Error **reterr);

/* Whoever holds it, it goes on, and he finds his connection closed. */
void freezing_end(Supervisor *s);
