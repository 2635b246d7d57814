/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status-line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "log.h"

#define COLUMNS_MAX 200

static int terminal_columns(void) {
        const char *term = getenv("TERM");
        struct winsize size = {};

        if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
                return 0;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                return 80;
        return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

StatusLine status_line(void) {
        return (StatusLine){ .columns = terminal_columns(), .color = colors_wanted(STDERR_FILENO) };
}

void status_line_show(StatusLine *l, const char *fmt, ...) {
        char text[COLUMNS_MAX * 2];
        va_list ap;
        int n;

        if (l->columns <= 0)
                return;
        l->columns = terminal_columns(); /* it may be another one by now */
        if (l->columns <= 0)
                return;
        n = l->columns - 1;
        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        /* As many bytes of UTF-8 as fit in a line, a byte a column at the most. */
        while (n > 0 && ((unsigned char) text[strnlen(text, (size_t) n)] & 0xc0) == 0x80)
                n--;
        fprintf(stderr, "\r%s%.*s%s\x1b[K", l->color ? "\x1b[2m" : "", n, text, l->color ? "\x1b[0m" : "");
        l->painted = true;
}

void status_line_erase(StatusLine *l) {
        if (l->painted)
                fputs("\r\x1b[K", stderr);
        l->painted = false;
}
