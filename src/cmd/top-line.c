/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-line.h"

#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "text.h"

#define CELL_MAX 512

/* ECMA-48's, which every terminal in use knows that is not called dumb. Bold and reverse are no colours: NO_COLOR leaves them, and a chosen
 * line could not be told from others without. */
static const struct {
        const char *sequence;
        bool color;
} looks[] = {
        [LOOK_PLAIN] = { "", false },
        [LOOK_HEADING] = { "\x1b[7m", false },
        [LOOK_SORTED] = { "\x1b[7;1m", false },
        [LOOK_CHOSEN] = { "\x1b[7m", false },
        [LOOK_DIM] = { "\x1b[2m", false },
        [LOOK_GOOD] = { "\x1b[32m", true },
        [LOOK_FROZEN] = { "\x1b[36m", true },
        [LOOK_BAD] = { "\x1b[31m", true },
};

static void append(TopLine *l, const char *text, size_t n) {
        if (l->n + n + 1 > l->room) {
                size_t room = (l->n + n + 1) * 2;
                char *more = realloc(l->text, room);

                if (!more)
                        return;
                l->text = more;
                l->room = room;
        }
        memcpy(l->text + l->n, text, n);
        l->n += n;
        l->text[l->n] = 0;
}

TopLine top_line(size_t width, const TopStyle *style) {
        TopLine l = { .width = width, .style = style };

        append(&l, "", 0);
        return l;
}

static void put_bytes(TopLine *l, const char *text, size_t n) {
        for (size_t i = 0; i < n && l->columns < l->width;) {
                size_t length = 1;

                while (i + length < n && ((unsigned char) text[i + length] & 0xc0) == 0x80)
                        length++;
                append(l, text + i, length);
                l->columns++;
                i += length;
        }
}

void top_line_put(TopLine *l, const char *text) {
        put_bytes(l, text, strlen(text));
}

void top_line_putf(TopLine *l, const char *fmt, ...) {
        char text[CELL_MAX];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        top_line_put(l, text);
}

void top_line_look(TopLine *l, TopLook look) {
        const char *base = looks[l->base].sequence;

        if (!l->style->shaded || (looks[look].color && !l->style->colored))
                return;
        if (look == LOOK_PLAIN) {
                append(l, "\x1b[0m", 4);
                append(l, base, strlen(base));
        } else
                append(l, looks[look].sequence, strlen(looks[look].sequence));
}

void top_line_base(TopLine *l, TopLook look) {
        l->base = look;
        top_line_look(l, LOOK_PLAIN);
}

/* The bytes of the first `columns` characters. */
static size_t bytes_of(const char *text, size_t columns) {
        size_t i = 0;

        for (size_t n = 0; text[i]; i++)
                if (((unsigned char) text[i] & 0xc0) != 0x80 && n++ == columns)
                        break;
        return i;
}

void top_line_cell(TopLine *l, const char *text, size_t columns, bool right) {
        size_t n = string_columns(text, strlen(text));

        if (n > columns) {
                put_bytes(l, text, bytes_of(text, columns > 0 ? columns - 1 : 0));
                if (columns > 0)
                        top_line_put(l, l->style->utf8 ? "…" : "~");
                return;
        }
        if (right)
                top_line_to(l, l->columns + columns - n);
        top_line_put(l, text);
        if (!right)
                top_line_to(l, l->columns + columns - n);
}

void top_line_to(TopLine *l, size_t column) {
        while (l->columns < column && l->columns < l->width)
                put_bytes(l, " ", 1);
}

static bool is_narrow(const char *text, size_t length) {
        mbstate_t state = {};
        wchar_t c;

        return mbrtowc(&c, text, length, &state) == length && wcwidth(c) == 1;
}

const char *top_plain(const char *text, const TopStyle *style, char *buf, size_t size) {
        size_t n = 0;

        for (size_t length; *text; text += length) {
                bool bad = text_control(text, &length) > 0 || ((unsigned char) *text >= 0x80 && !(style->utf8 && is_narrow(text, length)));

                if (n + (bad ? 1 : length) >= size)
                        break;
                if (bad)
                        buf[n++] = '?';
                else {
                        memcpy(buf + n, text, length);
                        n += length;
                }
        }
        buf[n] = 0;
        return buf;
}
