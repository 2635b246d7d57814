/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "status-line.h"

/* Waiting for a machine to be up, in the process that has asked for its start: on a terminal a line says what it waits for, and
 * ^C leaves it to boot by itself. */

typedef struct BootWait {
        const char *machine;
        bool quiet;
        bool left;      /* ^C */
        StatusLine line;
        uint64_t began; /* CLOCK_MONOTONIC µs */
        uint64_t shown; /* seconds, of the line that stands there */
        int signals;    /* signalfd, or -1 */
        sigset_t mask;  /* the one before */
} BootWait;

void boot_wait_begin(BootWait *w, const char *machine, bool quiet);

/* To be called several times a second: whether waiting is to end. It is a JobHook's. */
bool boot_wait_tick(void *userdata);

/* Put all back. up: the start has succeeded; where the machine still boots all the same, that is said. */
void boot_wait_end(BootWait *w, bool up);
