/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "man-text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A blank at which a line of the source may end: after a sentence, or where it grows long. */
static bool breaks(const char *text, const char *blank, size_t column) {
        bool sentence = blank > text && blank[-1] == '.';

        return blank[1] && blank[1] != '.' && blank[1] != '\'' && (sentence || column > 60);
}

/* Text as troff wants it: backslashes, dashes that are to be typed, no request at the begin of a line, and each
 * sentence on its own. */
void put_text(const char *s) {
        const char *text = s;
        size_t column = 0;

        if (*s == '.' || *s == '\'')
                fputs("\\&", stdout);
        for (; *s; s++, column++)
                if (*s == ' ' && breaks(text, s, column)) {
                        putchar('\n');
                        column = 0;
                } else if (*s == '\\')
                        fputs("\\e", stdout);
                else if (*s == '-')
                        fputs("\\-", stdout);
                else if (strncmp(s, "…", strlen("…")) == 0) {
                        fputs("\\&...", stdout);
                        s += strlen("…") - 1;
                } else
                        putchar(*s);
}

void put_bold(const char *s) {
        fputs("\\fB", stdout);
        put_text(s);
        fputs("\\fR", stdout);
}

void put_paragraph(const char *s) {
        put_text(s);
        putchar('\n');
}
