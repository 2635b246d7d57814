/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "name.h"
#include "top-line.h"
#include "top-row.h"

/* What whoever sits before `nbox top` has chosen so far, and what a key makes of it. It knows no terminal and reads no machine: keys come
 * in, and what is to be done about them goes out. */

typedef enum TopMode {
        MODE_TABLE,
        MODE_FILTER,   /* text is typed that names have in them: it counts at once */
        MODE_INTERVAL, /* a time is typed */
        MODE_FREEZE,   /* whether the chosen machine is to be frozen: y, or not */
        MODE_TEXT,     /* text is shown in place of the table: help, or a machine's status */
} TopMode;

typedef enum TopAct {
        ACT_NONE,
        ACT_DRAW,    /* something looks different now */
        ACT_REDRAW,  /* all of it, whatever is believed to be there (^L) */
        ACT_FILTER,  /* other machines are to be seen: top_view_take() the same figures again */
        ACT_SAMPLE,  /* figures are wanted now, and the interval counts from here */
        ACT_STATUS,  /* of the chosen machine */
        ACT_FREEZE,  /* the chosen machine, or thaw it */
        ACT_SUSPEND, /* ^Z */
        ACT_QUIT,
} TopAct;

#define TYPED_MAX 64

typedef struct TopView {
        size_t width, height; /* of the terminal */
        TopStyle style;
        TopMode mode;
        TopSort sort;
        bool reverse, paused;
        uint64_t interval_usec;
        char filter[TYPED_MAX + 1], filter_before[TYPED_MAX + 1];
        char typed[TYPED_MAX + 1];
        char message[160];                  /* in the last line, until a key is typed */
        char chosen[MACHINE_NAME_MAX + 1];  /* a machine's name; "": none */
        const TopRow **rows;                /* of the last sample, those that are shown, in order */
        size_t n_rows;
        size_t at;                          /* the chosen one's place in them */
        size_t first;                       /* the first that there is room for */
        char **text;                        /* of MODE_TEXT: strv */
        const char *text_title;             /* constant */
        size_t text_first;
} TopView;

#define TOP_INTERVAL_LEAST (100 * UINT64_C(1000))
#define TOP_INTERVAL_MOST (3600 * UINT64_C(1000000))

void top_view_done(TopView *v);

/* Take these figures: order, filter, and where the chosen machine is now. They must live until the next ones come. 0 or -ENOMEM. */
int top_view_take(TopView *v, const TopSample *sample);

/* The size is another one, or may be. */
void top_view_fit(TopView *v, size_t width, size_t height);

TopAct top_view_key(TopView *v, uint32_t key);

/* Show text in place of the table. Takes `text`, a strv. */
void top_view_show(TopView *v, const char *title, char **text);

/* The chosen machine; NULL: none. */
const TopRow *top_view_chosen(const TopView *v);

/* A time between the two above: as parse_duration() has it, or seconds with a fraction ("0.5"). -EINVAL. */
int top_interval_parse(const char *text, uint64_t *ret);

/* "2s", "500ms", "1min". Returns buf. */
#define TOP_INTERVAL_TEXT 32
const char *top_interval_text(uint64_t usec, char buf[TOP_INTERVAL_TEXT]);

/* How many machines there is room for, and how many lines of text. */
size_t top_view_room(const TopView *v);
size_t top_view_text_room(const TopView *v);

/* Lines above the headings, and whether there is one below the table. */
size_t top_view_head(const TopView *v);
bool top_view_has_foot(const TopView *v);
