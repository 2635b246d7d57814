/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-text.h"

#include <regex.h>
#include <string.h>

#include "cleanup.h"
#include "ready.h"

/* The matcher begins anew at each byte, and so takes quadratic time for "a.*b" where a guest writes a's without end. As "^.*(PATTERN)" it
 * is anchored, and one pass decides (500 times faster there). That pass keeps each set of places that it can be at, which a guest can make
 * many where the pattern counts ("a.{40}b"): such a one is left as it is, and what is kept is dropped from time to time. */
#define FORGET_BYTES (16 * 1024)

/* Stands before what is in the middle of a line, so that the pattern's own "^" does not hold there; no console text has it. */
#define CUT_MARK '\x01'

#define LAST_LINES 4
#define ESC 0x1b
#define BEL 0x07

struct ConsoleSearch {
        char *expression; /* the pattern, as it is compiled */
        regex_t compiled;
        size_t searched; /* bytes since then */
        PlainState state;
        bool found, broken;
        bool cut;  /* the line began before what is in `line` */
        bool seen; /* all of `line` was searched */
        size_t used;
        char line[1 + CONSOLE_LINE_MAX + 1]; /* the text begins at [1] */
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

static int compile(ConsoleSearch *s) {
        s->searched = 0;
        return regcomp(&s->compiled, s->expression, READY_REGEX_FLAGS) == 0 ? 0 : -ENOMEM;
}

int console_search_new(const char *pattern, ConsoleSearch **ret, Error **reterr) {
        ConsoleSearch *s = calloc(1, sizeof(*s));

        if (!s || asprintf(&s->expression, strchr(pattern, '{') ? "%s" : "^.*(%s)", pattern) < 0) {
                free(s);
                return error_oom(reterr);
        }
        if (compile(s) < 0) {
                free(s->expression);
                free(s);
                return error_set(reterr, EINVAL, "'%s' is not an extended regular expression, or needs too much memory", pattern);
        }
        s->line[0] = CUT_MARK;
        *ret = s;
        return 0;
}

ConsoleSearch *console_search_free(ConsoleSearch *s) {
        if (!s)
                return NULL;
        regfree(&s->compiled);
        free(s->expression);
        free(s);
        return NULL;
}

static void search(ConsoleSearch *s) {
        if (s->seen || s->found || s->broken)
                return;
        s->seen = true;
        s->line[1 + s->used] = 0;
        s->found = regexec(&s->compiled, s->cut ? s->line : s->line + 1, 0, NULL, 0) == 0;
        s->searched += s->used;
        if (s->searched < FORGET_BYTES)
                return;
        regfree(&s->compiled);
        s->broken = compile(s) < 0; /* out of memory: nothing is found any more */
}

static void add(ConsoleSearch *s, char c) {
        if (s->used == CONSOLE_LINE_MAX) {
                search(s);
                s->used = CONSOLE_LINE_MAX / 2;
                memmove(s->line + 1, s->line + 1 + CONSOLE_LINE_MAX - s->used, s->used);
                s->cut = true;
        }
        s->line[1 + s->used++] = c;
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
