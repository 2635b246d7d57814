/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "init.h"
#include "machine.h"

/* Ending a machine in order, by its init's own way. No bus is needed, and no record: the supervisor calls it as well. */

typedef struct StopTarget {
        const char *name;
        pid_t leader;
        int leader_fd;     /* its pidfd */
        bool runs_command; /* `run`: init is just a command */
        int kill_signal;   /* the settings' KillSignal=, for power-off; -1: chosen by what init is */
} StopTarget;

void stop_target_of(const Machine *m, StopTarget *ret);

/* Tell init, without waiting for anything: 0 it has been told (or SIGKILL sent, for INIT_KILL and for a command that
 * does not heed the signal); -EAGAIN, without an Error: it cannot take the signal yet, call again in 50 ms. -ESRCH: it has ended. */
int machine_stop_try(const StopTarget *target, InitAction action, Error **reterr);

/* The same, tried again for as long as timeout_usec; then -ETIMEDOUT with what to do. */
int machine_stop(const StopTarget *target, InitAction action, uint64_t timeout_usec, Error **reterr);

#define STOP_READY_TIMEOUT_USEC (20 * 1000 * 1000)
