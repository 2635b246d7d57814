/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From when a machine is ready until it is asked to end: its checks ([Health]) are made again and again, its record says what came of them, and
 * what is to be done about it is done. A machine without checks has none of this: no timer, no process, no memory.
 *
 * It is not asked while it is frozen. Once the answer of one round is there, or its time is over, the next one is an interval away, give or take a
 * tenth of it, so that machines that were started together are not asked together. There is never more than one process that asks. */

typedef struct Supervisor Supervisor;
typedef struct HealthWatch HealthWatch;

/* The machine may be ready: if it is, and has checks, begin, in s->event. What cannot be begun is said, and left. */
void health_watch_begin(Supervisor *s);

/* It is about to end: nobody asks any more. */
void health_watch_pause(Supervisor *s);

/* After the guest's processes have been killed, for a process that asks may hang on one of them. */
void health_watch_end(Supervisor *s);
