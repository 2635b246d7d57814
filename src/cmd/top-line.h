/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

/* A line of a screen as it is put together: text that is cut where the screen ends, and how it looks, which takes no columns. */

typedef struct TopStyle {
        bool shaded;  /* bold and reverse may be used: it goes to a terminal */
        bool colored; /* and colours */
        bool utf8;    /* the locale's characters; else ASCII alone */
} TopStyle;

typedef enum TopLook {
        LOOK_PLAIN, /* ends all others */
        LOOK_HEADING,
        LOOK_SORTED, /* the heading of what the machines are in order of */
        LOOK_CHOSEN,
        LOOK_DIM,
        LOOK_GOOD,
        LOOK_FROZEN,
        LOOK_BAD,
} TopLook;

typedef struct TopLine {
        char *text; /* the caller's; NULL: there was no memory for it */
        size_t n, room;
        size_t columns; /* that are taken */
        size_t width;   /* that there are */
        const TopStyle *style;
        TopLook base;   /* what LOOK_PLAIN is in this line */
} TopLine;

TopLine top_line(size_t width, const TopStyle *style);
void top_line_put(TopLine *l, const char *text);
void top_line_putf(TopLine *l, const char *fmt, ...) _printf_(2, 3);
void top_line_look(TopLine *l, TopLook look);
void top_line_base(TopLine *l, TopLook look); /* of all of it from here on */

/* `columns` wide: padded, or cut with an ellipsis. */
void top_line_cell(TopLine *l, const char *text, size_t columns, bool right);

/* Blanks up to that column. */
void top_line_to(TopLine *l, size_t column);

/* What a guest says, in characters that take one column each, and that the locale has; others are "?". Returns buf. */
const char *top_plain(const char *text, const TopStyle *style, char *buf, size_t size);
