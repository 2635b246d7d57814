/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"
#include "event-loop.h"

/* From the exec of the machine's init until it counts as running (Ready=), and who is told.
 *
 * Two moments are to be told apart. The machine is *ready* when each of its conditions has held once: its record then says
 * "running". It is *up* for whoever waits for the start (systemd, `boot -d`) when it is ready, or when they have waited for
 * as long as they wanted to. Nothing is ever done to a machine that is slow. */

typedef struct Supervisor Supervisor;
typedef struct Readiness Readiness;

/* Init was executed: the record says so. With nothing to wait for the machine is running, and s->readiness stays NULL. */
int readiness_begin(Supervisor *s, Error **reterr);

/* Start waiting, in s->event. Where there is nothing to wait for the machine is up at once. */
int readiness_watch(Supervisor *s, Error **reterr);

/* PID 1 has said READY=1. */
void readiness_notified(Supervisor *s);

/* The machine has ended. When somebody still waits for it to be up they are told why not: its status, and the last lines
 * of its console. 0, or -ECHILD where that is our own failure, too. */
int readiness_ended(Supervisor *s, Error **reterr);

/* Stop watching; after the guest's processes have been killed, for a helper may hang on one of them. */
void readiness_end(Supervisor *s);
