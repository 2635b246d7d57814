/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "ready-look.h"

/* A process that looks again and again whether one condition holds: a file, a port or a command. A guest can let a look wait
 * (a file system of its own, a command that hangs), and the supervisor waits for no guest.
 *
 * It ends with status 0 as soon as the condition holds, and with its parent thread. */

typedef struct ReadyHelper {
        const ReadyCondition *condition;
        const char *machine;
        pid_t leader;
        int leader_fd; /* pidfd of leader */
        ReadyUsers users;
} ReadyHelper;

/* How long to wait before the next look, that long after the first (µs both): seldom once it is no matter of moments. */
uint64_t ready_pause_usec(uint64_t elapsed_usec);

/* Returns its pidfd; the process is the caller's to kill and to reap. */
int ready_helper_start(const ReadyHelper *h, Error **reterr);
