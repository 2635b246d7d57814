/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "console-log.h"
#include "console-text.h"

/* What a guest writes on its console, cut into the lines of console-log.h: plain text, of bounded length, whatever comes. */

typedef struct ConsoleLines {
        void (*put)(const char *line, void *userdata); /* each that has ended, or is too long for one */
        void *userdata;
        PlainState state;
        bool returned; /* a carriage return has ended the line: the \n of "\r\n" is no other, and what is written in its place is */
        char line[CONSOLE_LOG_LINE_MAX + 1];
        size_t used;
} ConsoleLines;

void console_lines_add(ConsoleLines *l, unsigned char byte);

/* What stands there is a line, if anything does. */
void console_lines_end(ConsoleLines *l);

/* The same, and what comes next does not go on where this was. */
void console_lines_break(ConsoleLines *l);
