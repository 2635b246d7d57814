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
        InitKnown init;
        int kill_signal;   /* the settings' KillSignal=, for power-off; -1: chosen by what init is */
        uint64_t timeout_usec; /* how long the whole may take; what waits here for init takes a part of it */
        bool quiet;        /* each step is for debugging only */
} StopTarget;

void stop_target_of(const Machine *m, StopTarget *ret);

/* Ask init, and ask harder where that brings nothing about: waits until it can be asked (a signal that comes too early is lost), then
 * takes its way (init.h), each step in one line of the log. Blocks, also for as long as the guest wants: the supervisor calls it in
 * a process of its own, which it can kill. 0: it has been asked, or has ended (SIGKILL has been sent, for INIT_KILL and for a
 * command that does not heed the signal). -ETIMEDOUT or what failed, with an Error that says what to do. */
int machine_stop(const StopTarget *target, InitAction action, Error **reterr);
