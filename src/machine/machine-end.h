/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How a life of a machine came to its end, as its supervisor saw it: kept at the end of the life's console log (console-log.h), so that it can be
 * told of a machine that is gone, with or without systemd. */

typedef enum MachineEndKind {
        END_UNKNOWN,   /* its supervisor was killed, or the host went down */
        END_POWEROFF,  /* powered off or halted, by itself or by request */
        END_REBOOT,
        END_EXIT,      /* init or the command exited; code: its status */
        END_SIGNAL,    /* by a signal that nobody here sent; code: which */
        END_MEMORY,    /* the same: the kernel did, for want of memory; text: which limit that was */
        END_MEMORY_STOP, /* powered off by its OOMPolicy=, since the kernel had killed processes of it; text: likewise */
        END_KILLED,    /* killed by request */
        END_TIMEOUT,   /* asked to end, did not in time, and was killed */
        END_CANCELLED, /* asked to end before its init ran */
        END_FAILED,    /* could not be started; text: why */
        _END_MAX,
} MachineEndKind;

#define MACHINE_END_TEXT_MAX 600

typedef struct MachineEnd {
        MachineEndKind kind;
        int code;                        /* END_EXIT, END_SIGNAL */
        char text[MACHINE_END_TEXT_MAX]; /* END_FAILED, END_MEMORY, END_MEMORY_STOP: one line, or "" */
} MachineEnd;

/* "poweroff", "exit": for programs. */
const char *machine_end_word(MachineEndKind kind);
bool machine_end_has_text(MachineEndKind kind);

/* A line for a log, and back; what cannot be understood is END_UNKNOWN. Return `line`. */
const char *machine_end_format(const MachineEnd *end, char *line, size_t size);
void machine_end_parse(const char *line, MachineEnd *ret);

/* For people, after "it": "exited with status 3". Returns buf. */
const char *machine_end_phrase(const MachineEnd *end, char *buf, size_t size);
