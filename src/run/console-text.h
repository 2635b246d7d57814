/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* What a guest writes on its console, as the lines that a person would read there: without escape sequences and other
 * control bytes, and with a line's end for each carriage return. All of it is hostile: memory is bounded. */

typedef enum PlainState {
        PLAIN_TEXT,
        PLAIN_ESCAPE,
        PLAIN_CSI,
        PLAIN_STRING, /* of a title and the like; the end of the line ends it too */
} PlainState;

/* The next byte: what it stands for ('\n' for a line's end), or -1 for nothing. */
int plain_text_step(PlainState *state, unsigned char c);

/* The last lines of a text that are not empty, " | " between them, printable ASCII only ('?' for the rest), at most `size` - 1
 * bytes. Empty when there is none. */
void console_last_lines(const char *text, size_t n, char *ret, size_t size);

/* An extended regular expression, searched for line by line, also in a line that has not ended yet: `$` is where the output
 * stands for now. A longer line is searched in pieces of CONSOLE_LINE_MAX bytes that overlap by half. */
#define CONSOLE_LINE_MAX 512

typedef struct ConsoleSearch ConsoleSearch;

int console_search_new(const char *pattern, ConsoleSearch **ret, Error **reterr);
bool console_search_feed(ConsoleSearch *s, const char *data, size_t n); /* whether it was found in this or what came before */
ConsoleSearch *console_search_free(ConsoleSearch *s); /* returns NULL */
