/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-lines.h"

static void put(ConsoleLines *l) {
        l->line[l->used] = 0;
        l->used = 0;
        l->put(l->line, l->userdata);
}

void console_lines_add(ConsoleLines *l, unsigned char byte) {
        int shown = plain_text_step(&l->state, byte);

        if (byte == '\r' && l->used > 0) {
                put(l);
                l->returned = true;
        } else if (byte == '\n') {
                if (!l->returned)
                        put(l);
                l->returned = false;
        } else if (shown >= 0 && shown != '\n') {
                if (l->used == CONSOLE_LOG_LINE_MAX)
                        put(l);
                l->line[l->used++] = (char) shown;
                l->returned = false;
        }
}

void console_lines_end(ConsoleLines *l) {
        if (l->used > 0)
                put(l);
}

void console_lines_break(ConsoleLines *l) {
        console_lines_end(l);
        l->state = PLAIN_TEXT;
        l->returned = false;
}
