/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "raw-terminal.h"
#include "top-screen.h"

/* The terminal that `nbox top` has to itself: another screen than the shell's, which comes back as it was. The sequences are ECMA-48's and
 * DEC's, which every terminal knows that is not called dumb; that is all there is to know, so no library of terminals is asked.
 *
 * Only lines that are not as they were are written, all of them at once. A terminal that takes them slowly, or not at all, is not waited for:
 * what comes next is drawn when all of the last is written. */

typedef struct TopTerminal {
        int in, out;       /* stdin and stdout, or what they are opened anew, so as not to block: others may share them */
        RawTerminal raw;
        bool shown;        /* the screen is ours */
        TopScreen drawn;   /* what is on it; none: all is to be drawn */
        char *pending;     /* not written yet */
        size_t n_pending, pending_room;
} TopTerminal;

/* -ENOTTY where stdin or stdout is no terminal that this can be done on. */
int top_terminal_open(TopTerminal *t, Error **reterr);

void top_terminal_enter(TopTerminal *t);
void top_terminal_leave(TopTerminal *t); /* both may be called again */
void top_terminal_close(TopTerminal *t);

/* 80x24 where it does not say. */
void top_terminal_size(const TopTerminal *t, size_t *ret_width, size_t *ret_height);

/* Takes the screen. */
void top_terminal_draw(TopTerminal *t, TopScreen *screen);
void top_terminal_forget(TopTerminal *t); /* the next time all is drawn */

static inline bool top_terminal_is_behind(const TopTerminal *t) {
        return t->n_pending > 0;
}

/* Write what is waiting, as far as it is taken: 0, or -errno where the terminal has gone. */
int top_terminal_flush(TopTerminal *t);
