/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "top-view.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "parse.h"
#include "strv.h"
#include "top-columns.h"
#include "top-help.h"
#include "top-keys.h"
#include "values.h"

#define CTRL(c) ((c) & 0x1f)

void top_view_done(TopView *v) {
        free(v->rows);
        strv_free(v->text);
        *v = (TopView){};
}

/* ---- room ---- */

static bool is_typing(const TopView *v) {
        return v->mode == MODE_FILTER || v->mode == MODE_INTERVAL || v->mode == MODE_FREEZE;
}

size_t top_view_head(const TopView *v) {
        return v->height >= 12 ? 4 : v->height >= 8 ? 2 : v->height >= 4 ? 1 : 0;
}

bool top_view_has_foot(const TopView *v) {
        return v->height >= 12 || (v->height > 1 && (is_typing(v) || *v->message));
}

static size_t without(size_t height, size_t taken) {
        return height > taken ? height - taken : 0;
}

size_t top_view_room(const TopView *v) {
        return without(v->height, top_view_head(v) + (v->height > 1) + top_view_has_foot(v));
}

size_t top_view_text_room(const TopView *v) {
        return without(v->height, 2);
}

/* ---- the chosen machine ---- */

const TopRow *top_view_chosen(const TopView *v) {
        return *v->chosen && v->at < v->n_rows ? v->rows[v->at] : NULL;
}

/* What is shown follows what is chosen; where nothing is, it stays at the top. */
static void scroll(TopView *v) {
        size_t room = top_view_room(v);

        if (!*v->chosen)
                v->first = 0;
        if (v->at < v->first)
                v->first = v->at;
        if (*v->chosen && room > 0 && v->at >= v->first + room)
                v->first = v->at - room + 1;
        if (v->first + room > v->n_rows)
                v->first = without(v->n_rows, room);
        if (v->text_first + top_view_text_room(v) > strv_length(v->text))
                v->text_first = without(strv_length(v->text), top_view_text_room(v));
}

static void choose(TopView *v, size_t at) {
        if (v->n_rows == 0)
                return;
        v->at = at < v->n_rows ? at : v->n_rows - 1;
        snprintf(v->chosen, sizeof(v->chosen), "%s", v->rows[v->at]->name);
}

/* The same machine, wherever it is now; where it has gone, the one that is in its place. */
static void find_chosen(TopView *v) {
        if (!*v->chosen)
                return;
        for (size_t i = 0; i < v->n_rows; i++)
                if (strcmp(v->rows[i]->name, v->chosen) == 0) {
                        v->at = i;
                        return;
                }
        if (v->n_rows == 0)
                v->at = 0;
        else
                choose(v, v->at);
}

static void unchoose(TopView *v) {
        *v->chosen = 0;
        v->at = 0;
}

static void move(TopView *v, size_t down, size_t up) {
        if (!*v->chosen)
                choose(v, down > 0 ? v->first + (down > 1 ? down - 1 : 0) : v->first);
        else
                choose(v, v->at + down > up ? v->at + down - up : 0);
}

/* ---- figures ---- */

static bool passes(const TopView *v, const TopRow *r) {
        return !*v->filter || strcasestr(r->name, v->filter);
}

int top_view_take(TopView *v, const TopSample *sample) {
        const TopRow **rows = reallocarray(v->rows, sample->n + 1, sizeof(*rows));

        v->n_rows = 0;
        if (!rows)
                return -ENOMEM;
        v->rows = rows;
        for (size_t i = 0; i < sample->n; i++)
                if (passes(v, &sample->rows[i]))
                        rows[v->n_rows++] = &sample->rows[i];
        top_order(rows, v->n_rows, v->sort, v->reverse);
        find_chosen(v);
        scroll(v);
        return 0;
}

void top_view_fit(TopView *v, size_t width, size_t height) {
        v->width = width;
        v->height = height;
        scroll(v);
}

/* ---- the interval ---- */

int top_interval_parse(const char *text, uint64_t *ret) {
        size_t whole = strspn(text, "0123456789");
        uint64_t usec, part = 0;

        if (text[whole] == '.' && whole < 6 && strspn(text + whole + 1, "0123456789") == strlen(text + whole + 1)) {
                usec = whole > 0 ? strtoull(text, NULL, 10) * 1000000 : 0;
                for (uint64_t i = whole + 1, worth = 100000; text[i]; i++, worth /= 10)
                        part += (uint64_t) (text[i] - '0') * worth;
                usec += part;
        } else if (parse_duration(text, &usec) < 0)
                return -EINVAL;
        if (usec < TOP_INTERVAL_LEAST || usec > TOP_INTERVAL_MOST)
                return -EINVAL;
        *ret = usec;
        return 0;
}

const char *top_interval_text(uint64_t usec, char buf[TOP_INTERVAL_TEXT]) {
        if (usec % 60000000 == 0)
                snprintf(buf, TOP_INTERVAL_TEXT, "%" PRIu64 "min", usec / 60000000);
        else if (usec % 1000000 == 0)
                snprintf(buf, TOP_INTERVAL_TEXT, "%" PRIu64 "s", usec / 1000000);
        else
                snprintf(buf, TOP_INTERVAL_TEXT, "%" PRIu64 "ms", usec / 1000);
        return buf;
}

static void step_interval(TopView *v, bool longer) {
        static const uint64_t msec[] = { 250, 500, 1000, 2000, 3000, 5000, 10000, 15000, 30000, 60000 };
        size_t i = 0, n = ELEMENTSOF(msec);

        if (longer) {
                while (i + 1 < n && msec[i] * 1000 <= v->interval_usec)
                        i++;
                v->interval_usec = msec[i] * 1000 > v->interval_usec ? msec[i] * 1000 : v->interval_usec;
        } else {
                i = n - 1;
                while (i > 0 && msec[i] * 1000 >= v->interval_usec)
                        i--;
                v->interval_usec = msec[i] * 1000 < v->interval_usec ? msec[i] * 1000 : v->interval_usec;
        }
}

/* ---- order ---- */

/* To the next column that is shown and that machines can be in order of. */
static void move_sort(TopView *v, bool right) {
        TopLayout layout = top_layout(v->width, v->rows, v->n_rows);
        TopSort before = SORT_NONE;
        bool found = false;

        for (int i = 0; i < _COLUMNS; i++) {
                TopColumn c = (TopColumn) (right ? i : _COLUMNS - 1 - i);
                TopSort s = top_column_sort(c);

                if (layout.widths[c] == 0 || s == SORT_NONE || s == before)
                        continue;
                if (found) {
                        v->sort = s;
                        return;
                }
                found = s == v->sort;
                before = s;
        }
        if (!found) /* it is by a column that there is no room for */
                v->sort = SORT_NAME;
}

static bool sort_by_key(TopView *v, uint32_t key) {
        for (int s = 0; s < _SORTS; s++)
                if ((uint32_t) top_sort_key((TopSort) s) == key) {
                        v->sort = (TopSort) s;
                        return true;
                }
        return false;
}

static TopAct ordered(TopView *v) {
        top_order(v->rows, v->n_rows, v->sort, v->reverse);
        find_chosen(v);
        return ACT_DRAW;
}

/* ---- what is typed ---- */

static void begin(TopView *v, TopMode mode, const char *text) {
        v->mode = mode;
        snprintf(v->typed, sizeof(v->typed), "%s", text);
}

/* A byte, since names and times have no others. */
static bool type(TopView *v, uint32_t key) {
        size_t n = strlen(v->typed);

        if (key == KEY_BACKSPACE && n > 0)
                v->typed[n - 1] = 0;
        else if (key == CTRL('U'))
                *v->typed = 0;
        else if (key >= ' ' && key < 0x7f && n < TYPED_MAX) {
                v->typed[n] = (char) key;
                v->typed[n + 1] = 0;
        } else
                return false;
        return true;
}

static TopAct key_in_filter(TopView *v, uint32_t key) {
        if (key == KEY_ESCAPE || key == CTRL('C')) {
                memcpy(v->filter, v->filter_before, sizeof(v->filter));
                v->mode = MODE_TABLE;
                return ACT_FILTER;
        }
        if (key == KEY_ENTER) {
                v->mode = MODE_TABLE;
                return ACT_DRAW;
        }
        if (!type(v, key))
                return ACT_NONE;
        memcpy(v->filter, v->typed, sizeof(v->filter));
        return ACT_FILTER;
}

static TopAct key_in_interval(TopView *v, uint32_t key) {
        if (key == KEY_ESCAPE || key == CTRL('C')) {
                v->mode = MODE_TABLE;
                return ACT_DRAW;
        }
        if (key != KEY_ENTER)
                return type(v, key) ? ACT_DRAW : ACT_NONE;
        v->mode = MODE_TABLE;
        if (*v->typed && top_interval_parse(v->typed, &v->interval_usec) < 0) {
                snprintf(v->message, sizeof(v->message), "'%s' is no time from 0.1 to 3600 seconds", v->typed);
                return ACT_DRAW;
        }
        return ACT_SAMPLE;
}

static TopAct key_in_question(TopView *v, uint32_t key) {
        v->mode = MODE_TABLE;
        return key == 'y' || key == 'Y' ? ACT_FREEZE : ACT_DRAW;
}

/* ---- text ---- */

void top_view_show(TopView *v, const char *title, char **text) {
        strv_free(v->text);
        v->text = text;
        v->text_title = title;
        v->text_first = 0;
        v->mode = MODE_TEXT;
}

static TopAct key_in_text(TopView *v, uint32_t key) {
        size_t page = top_view_text_room(v) > 1 ? top_view_text_room(v) - 1 : 1;

        if (key == KEY_UP || key == 'k')
                v->text_first = without(v->text_first, 1);
        else if (key == KEY_DOWN || key == 'j')
                v->text_first++;
        else if (key == KEY_PAGE_UP)
                v->text_first = without(v->text_first, page);
        else if (key == KEY_PAGE_DOWN || key == ' ')
                v->text_first += page;
        else if (key == KEY_HOME)
                v->text_first = 0;
        else if (key == KEY_END)
                v->text_first = strv_length(v->text);
        else
                v->mode = MODE_TABLE;
        return ACT_DRAW;
}

/* ---- the table ---- */

static bool key_moves(TopView *v, uint32_t key) {
        size_t room = top_view_room(v), page = room > 1 ? room - 1 : 1;

        if (key == KEY_UP || key == 'k')
                move(v, 0, 1);
        else if (key == KEY_DOWN || key == 'j')
                move(v, 1, 0);
        else if (key == KEY_PAGE_UP)
                move(v, 0, page);
        else if (key == KEY_PAGE_DOWN)
                move(v, page, 0);
        else if (key == KEY_HOME || key == 'g')
                choose(v, 0);
        else if (key == KEY_END || key == 'G')
                choose(v, SIZE_MAX);
        else
                return false;
        return true;
}

static TopAct ask_to_freeze(TopView *v) {
        const TopRow *r = top_view_chosen(v);

        if (!r) {
                snprintf(v->message, sizeof(v->message), "Choose a machine first, with the arrow keys");
                return ACT_DRAW;
        }
        if (r->mood == MOOD_FROZEN) /* to thaw it does no harm */
                return ACT_FREEZE;
        begin(v, MODE_FREEZE, "");
        return ACT_DRAW;
}

static TopAct key_of_letter(TopView *v, uint32_t key) {
        switch (key) {
        case ' ':
                v->paused = !v->paused;
                return v->paused ? ACT_DRAW : ACT_SAMPLE;
        case 'r':
                v->reverse = !v->reverse;
                return ordered(v);
        case '<':
        case KEY_LEFT:
                move_sort(v, false);
                return ordered(v);
        case '>':
        case KEY_RIGHT:
                move_sort(v, true);
                return ordered(v);
        case '+':
        case '-':
                step_interval(v, key == '+');
                return ACT_SAMPLE;
        case 'd':
                begin(v, MODE_INTERVAL, "");
                return ACT_DRAW;
        case '/':
                memcpy(v->filter_before, v->filter, sizeof(v->filter));
                begin(v, MODE_FILTER, v->filter);
                return ACT_DRAW;
        case 'f':
                return ask_to_freeze(v);
        case KEY_ENTER:
                return *v->chosen ? ACT_STATUS : ACT_NONE;
        case 'h':
        case '?':
                top_view_show(v, "Keys of nbox top", top_help());
                return ACT_DRAW;
        case KEY_ESCAPE:
                unchoose(v);
                *v->filter = 0;
                return ACT_FILTER;
        default:
                return sort_by_key(v, key) ? ordered(v) : ACT_NONE;
        }
}

static TopAct key_in_table(TopView *v, uint32_t key) {
        bool had_message = *v->message;
        TopAct act;

        *v->message = 0;
        if (key == 'q')
                return ACT_QUIT;
        act = key_moves(v, key) ? ACT_DRAW : key_of_letter(v, key);
        return act == ACT_NONE && had_message ? ACT_DRAW : act;
}

TopAct top_view_key(TopView *v, uint32_t key) {
        TopAct act;

        if (key == KEY_NONE)
                return ACT_NONE;
        if (key == CTRL('Z'))
                return ACT_SUSPEND;
        if (key == CTRL('L'))
                return ACT_REDRAW;
        if (key == CTRL('\\') || (key == CTRL('C') && !is_typing(v)))
                return ACT_QUIT;
        act = v->mode == MODE_FILTER ? key_in_filter(v, key) : v->mode == MODE_INTERVAL ? key_in_interval(v, key) :
                v->mode == MODE_FREEZE ? key_in_question(v, key) : v->mode == MODE_TEXT ? key_in_text(v, key) : key_in_table(v, key);
        scroll(v);
        return act;
}
