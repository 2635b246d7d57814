/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "cleanup.h"

/* One line on the terminal that stderr is, for what is waited for: written over and over, and erased in the end. Where stderr is no
 * terminal that can do this, nothing is written at all. */

typedef struct StatusLine {
        int columns; /* of the terminal; 0: there is none */
        bool color;
        bool painted;
} StatusLine;

StatusLine status_line(void);

/* Cut to the terminal's width. Control bytes in the text are the caller's concern. */
void status_line_show(StatusLine *l, const char *fmt, ...) _printf_(2, 3);
void status_line_erase(StatusLine *l);
