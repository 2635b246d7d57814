/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "supervisor.h"

/* The supervisor's side of machine/freezer.h: the machine is frozen until somebody thaws it. */

/* Carry out "freezer WORD". 1: the fd is taken over, and answered when all of it stands still. */
int freeze_serve(Supervisor *s, const char *word, int fd, Error **reterr);

/* Whoever froze it, and however: it goes on, so that it can end in order; and systemd knows, if it is to be asked for anything then. */
void freeze_release(Supervisor *s);

/* No time-out runs against a machine that stands still: whether `timer`, which has come to its end, was set anew, since what was to be over
 * at `due` (CLOCK_MONOTONIC µs) of a machine that runs is to be so later. */
bool freeze_postpones(const Supervisor *s, EventSource *timer, uint64_t due);

/* Why nothing can freeze it now: 0, or -EAGAIN, -EBUSY, -EOPNOTSUPP with an Error. */
int freeze_check(const Supervisor *s, Error **reterr);
