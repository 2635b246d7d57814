/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A machine that starts with the host does so in its turn: after the time that `nbox enable --delay=` has given it, and when not too many
 * others are starting (start-queue.h). By then systemd has brought up whatever it comes after.
 *
 * That holds for nbox@NAME.service while machines.target is being started, in its first life: a machine that somebody starts, or that
 * reboots, waits for nobody. While it waits it has its name and its record, and hears what it is told: asked to end, it ends. */

typedef struct Supervisor Supervisor;
typedef struct Turn Turn;

/* Until it may start, or is to end (supervisor_is_cancelled()). s->turn is set where others wait for it from here on, */
void turn_wait(Supervisor *s);

/* until it is up, or has ended, or TURN_USEC have passed: who never gets ready does not keep the others from starting. NULL is fine. */
void turn_end(Supervisor *s);
