/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ini.h"

#include <stdbool.h>
#include <string.h>

#define BLANKS " \t"

/* A file that was not written as one is refused as a whole: half of it taken would be a guess, and what comes with
 * an image may hold escape codes for the terminal of whoever reads the messages. */
static int check_bytes(const char *text, size_t size, Error **reterr) {
        unsigned line = 1;

        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                return error_set(reterr, EBADMSG, "1: the file begins with a byte order mark; save it as plain UTF-8");
        for (size_t i = 0; i < size; i++) {
                unsigned char b = (unsigned char) text[i];

                if (b == '\n')
                        line++;
                else if (b == '\r')
                        return error_set(reterr, EBADMSG, "%u: a carriage return; save the file with Unix line ends", line);
                else if ((b < 0x20 && b != '\t') || b == 0x7f)
                        return error_set(reterr, EBADMSG, "%u: the control byte 0x%02x is not allowed", line, b);
        }
        return 0;
}

static char *trim(char *s) {
        size_t n;

        s += strspn(s, BLANKS);
        n = strlen(s);
        while (n > 0 && strchr(BLANKS, s[n - 1]))
                s[--n] = 0;
        return s;
}

static bool is_comment(const char *s) {
        s += strspn(s, BLANKS);
        return *s == '#' || *s == ';';
}

/* Cut off the physical line at *rest. */
static char *cut_line(char **rest, unsigned *line) {
        char *s = *rest, *end = strchr(s, '\n');

        if (end)
                *end++ = 0;
        else
                end = s + strlen(s);
        *rest = end;
        (*line)++;
        return s;
}

/* The next logical line, its continuations moved up to it; NULL at the end. */
static char *next_line(char **rest, unsigned *line, unsigned *ret_begin) {
        char *s, *end;

        if (!**rest)
                return NULL;
        s = cut_line(rest, line);
        *ret_begin = *line;
        if (is_comment(s))
                return s;
        end = s + strlen(s);
        while (end > s && end[-1] == '\\') {
                char *more = NULL;

                end[-1] = ' ';
                while (**rest) {
                        more = cut_line(rest, line);
                        if (!is_comment(more))
                                break;
                        more = NULL;
                }
                if (!more)
                        break;
                memmove(end, more, strlen(more) + 1);
                end += strlen(end);
        }
        return s;
}

/* Make `found`'s view of one logical line; false for one that says nothing. */
static bool read_line(char *s, IniLine *l) {
        size_t n;
        char *eq;

        s = trim(s);
        n = strlen(s);
        if (n == 0 || is_comment(s))
                return false;
        l->key = l->value = NULL;
        if (s[0] == '[' && s[n - 1] == ']') {
                s[n - 1] = 0;
                l->section = s + 1;
                return true;
        }
        eq = strchr(s, '=');
        if (!eq) {
                l->value = s;
                return true;
        }
        *eq = 0;
        l->key = trim(s);
        l->value = trim(eq + 1);
        return true;
}

int ini_parse(char *text, size_t size, int (*found)(const IniLine *line, void *userdata, Error **reterr), void *userdata,
              Error **reterr) {
        IniLine l = {};
        unsigned line = 0;
        char *s;
        int r = check_bytes(text, size, reterr);

        if (r < 0)
                return r;
        while ((s = next_line(&text, &line, &l.line))) {
                if (!read_line(s, &l))
                        continue;
                r = found(&l, userdata, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
