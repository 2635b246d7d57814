/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-text.h"

#include <regex.h>
#include <string.h>

#include "cleanup.h"
#include "ready.h"

#define LAST_LINES 4
#define ESC 0x1b
#define BEL 0x07

struct ConsoleSearch {
        regex_t pattern;
        PlainState state;
        bool found;
        bool cut;  /* the line began before what is in `line` */
        bool seen; /* all of `line` was searched */
        size_t used;
        char line[CONSOLE_LINE_MAX + 1];
};

static PlainState after_escape(unsigned char c) {
        if (c == '[')
                return PLAIN_CSI;
        if (strchr("]PX^_", c))
                return PLAIN_STRING;
        return c == ESC || (c >= 0x20 && c <= 0x2f) ? PLAIN_ESCAPE : PLAIN_TEXT;
}

int plain_text_step(PlainState *state, unsigned char c) {
        if (c == '\n' || c == '\r') {
                *state = PLAIN_TEXT;
                return '\n';
        }
        if (c == ESC) { /* begins anew wherever it stands; within a string it begins its end */
                *state = PLAIN_ESCAPE;
                return -1;
        }
        if (c == 0)
                return -1;
        switch (*state) {
        case PLAIN_ESCAPE:
                *state = after_escape(c);
                return -1;
        case PLAIN_CSI:
                if (c >= 0x40 && c <= 0x7e)
                        *state = PLAIN_TEXT;
                return -1;
        case PLAIN_STRING:
                if (c == BEL)
                        *state = PLAIN_TEXT;
                return -1;
        default:
                return c == '\t' ? ' ' : c < 0x20 || c == 0x7f ? -1 : c;
        }
}

typedef struct Lines {
        char text[LAST_LINES][160];
        size_t used;  /* of the line that is being read */
        size_t ended; /* how many lines were read before it */
} Lines;

static void lines_end(Lines *l) {
        if (l->used == 0)
                return;
        l->text[l->ended % LAST_LINES][l->used] = 0;
        l->ended++;
        l->used = 0;
}

void console_last_lines(const char *text, size_t n, char *ret, size_t size) {
        PlainState state = PLAIN_TEXT;
        Lines l = {};
        size_t used = 0;

        for (size_t i = 0; i < n; i++) {
                int c = plain_text_step(&state, (unsigned char) text[i]);

                if (c == '\n')
                        lines_end(&l);
                else if (c >= 0 && (c != ' ' || l.used > 0) && l.used < sizeof(l.text[0]) - 1)
                        l.text[l.ended % LAST_LINES][l.used++] = c < 0x80 ? (char) c : '?';
        }
        lines_end(&l);
        *ret = 0;
        for (size_t i = l.ended > LAST_LINES ? l.ended - LAST_LINES : 0; i < l.ended && used < size - 1; i++)
                used += (size_t) snprintf(ret + used, size - used, "%s%s", used > 0 ? " | " : "", l.text[i % LAST_LINES]);
}

int console_search_new(const char *pattern, ConsoleSearch **ret, Error **reterr) {
        ConsoleSearch *s = calloc(1, sizeof(*s));

        if (!s)
                return error_oom(reterr);
        if (regcomp(&s->pattern, pattern, READY_REGEX_FLAGS) != 0) {
                free(s);
                return error_set(reterr, EINVAL, "'%s' is not an extended regular expression", pattern);
        }
        *ret = s;
        return 0;
}

ConsoleSearch *console_search_free(ConsoleSearch *s) {
        if (!s)
                return NULL;
        regfree(&s->pattern);
        free(s);
        return NULL;
}

static void search(ConsoleSearch *s) {
        if (s->seen || s->found)
                return;
        s->seen = true;
        s->line[s->used] = 0;
        s->found = regexec(&s->pattern, s->line, 0, NULL, s->cut ? REG_NOTBOL : 0) == 0;
}

static void add(ConsoleSearch *s, char c) {
        if (s->used == CONSOLE_LINE_MAX) {
                search(s);
                s->used = CONSOLE_LINE_MAX / 2;
                memmove(s->line, s->line + CONSOLE_LINE_MAX - s->used, s->used);
                s->cut = true;
        }
        s->line[s->used++] = c;
        s->seen = false;
}

bool console_search_feed(ConsoleSearch *s, const char *data, size_t n) {
        for (size_t i = 0; i < n && !s->found; i++) {
                int c = plain_text_step(&s->state, (unsigned char) data[i]);

                if (c == '\n') {
                        search(s);
                        s->used = 0;
                        s->cut = false;
                        s->seen = true;
                } else if (c >= 0)
                        add(s, (char) c);
        }
        search(s);
        return s->found;
}
