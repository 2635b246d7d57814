/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text in the source of a manual page (man(7) macros), to stdout. */

void put_text(const char *s);      /* escaped, each sentence on a line of its own */
void put_bold(const char *s);
void put_paragraph(const char *s); /* and the line's end */
