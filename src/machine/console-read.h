/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sys/types.h>

#include "console-log.h"

/* Reading console-log.h, from the beginning or on from where it was read to. Parts that go away meanwhile are none. */

typedef struct ConsoleEntry {
        uint64_t life;
        uint64_t usec; /* CLOCK_REALTIME */
        ConsoleLogKind kind;
        const char *text; /* CONSOLE_LOST: "" where whole parts are no longer kept. Valid until the next read */
} ConsoleEntry;

typedef struct ConsoleReader {
        int dir;
        ConsolePart part;  /* that is being read; .life 0: none yet */
        uint64_t from_life, to_life;
        off_t offset;
        char *buffer;      /* what was read of it and is not given yet: whole lines, and the begin of one */
        size_t used, given;
} ConsoleReader;

/* The lives to read, both included; 0 and UINT64_MAX: all. 0, or -errno (-ENOENT: there is no log). */
int console_reader_open(ConsoleReader *r, const char *machine, uint64_t from_life, uint64_t to_life);
void console_reader_done(ConsoleReader *r);

/* 1: *ret; 0: no more for now, and it may be asked again; -errno. */
int console_reader_next(ConsoleReader *r, ConsoleEntry *ret);

/* The lives that are kept: the caller's, oldest first. 0 or -errno. */
int console_lives(const char *machine, uint64_t **ret, size_t *ret_n);
