/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "supervisor.h"

/* What a machine keeps between two lives, and the pause between them when it reboots in a loop. See lives.c. */

typedef struct Lives {
        int claim;   /* the locked directory of the name (record_claim()), or -1 */
        int control; /* the socket that listens in it, or -1 */
        int credentials; /* credential-store.h: those of the command line, which only the first life was given; or -1 */
} Lives;

#define LIVES_NONE (Lives){ .claim = -1, .control = -1, .credentials = -1 }

/* Take back what an earlier process of our service left with systemd. */
void lives_receive(Lives *lives);

/* The name for a life that begins, from the one before or anew: record_dir, control_fd and the record's counts are set. */
int lives_begin(Lives *lives, Supervisor *s, Error **reterr);

/* A life has ended by a reboot and is torn down: count it, and let the next one wait where such ends come too fast. Requests and
 * signals are heard meanwhile. Returns 0, 1 when the machine was asked to end (exit_status is set), or -errno. */
int lives_pass(Supervisor *s, Error **reterr);

/* Keep name and socket: for the next life in this process, or with systemd for the next process of this service. */
void lives_keep(Lives *lives, Supervisor *s);
void lives_leave_with_systemd(Lives *lives);

/* There is no next life: the name is free. */
void lives_end(Lives *lives);
