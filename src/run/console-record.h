/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "event-loop.h"
#include "machine-end.h"
#include "terminal.h"

/* Writes what the guest says on its console into console-log.h, for one life. The guest decides what comes and how fast: memory is bounded, the
 * disk by the log's form, and what is written a second by a rate; what is over is counted, and the count stands in the log.
 *
 * A log that cannot be written is no reason not to run a machine: nothing here fails. */

typedef struct ConsoleRecord ConsoleRecord;

/* By who holds the machine's name. NULL: there is no place for a log. */
ConsoleRecord *console_record_begin(const char *machine, EventLoop *event);

/* From now on what is written on it, until it is freed. */
void console_record_watch(ConsoleRecord *c, Terminal *t);

/* The last word; returns NULL. Before the terminal is freed, once it is drained. */
ConsoleRecord *console_record_end(ConsoleRecord *c, const MachineEnd *end);
