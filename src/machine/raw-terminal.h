/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <termios.h>

/* The caller's own terminal: raw as long as it is a machine's, and afterwards as it was. What is read from and what is written to may
 * be two terminals, or only the former be one. */

typedef struct RawTerminal {
        int in, out; /* the caller's; set before the first use, all else 0 */
        struct termios saved_in, saved_out;
        bool saved, raw_in, raw_out;
} RawTerminal;

/* Both may be called again. What is to be put back is what was there at the first time: a shell that lets a stopped program go on does
 * not put the terminal back as that had it. -errno where what is typed does not come as it is typed. */
int raw_terminal_enter(RawTerminal *t);
void raw_terminal_leave(RawTerminal *t);
