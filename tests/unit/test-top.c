/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"
#include "top-columns.h"
#include "top-keys.h"
#include "top-screen.h"
#include "top-view.h"
#include "unit.h"

/* ---- keys ---- */

/* The keys that these bytes are, as many as there are. */
static size_t feed(KeyReader *k, const char *bytes, uint32_t *ret) {
        size_t n = 0;

        for (const char *p = bytes; *p; p++) {
                uint32_t key = key_feed(k, *p);

                if (key != KEY_NONE)
                        ret[n++] = key;
        }
        return n;
}

static void keys_of_terminals(void **state) {
        static const struct {
                const char *bytes;
                uint32_t key;
        } keys[] = {
                { "a", 'a' }, { "\r", KEY_ENTER }, { "\n", KEY_ENTER }, { "\x7f", KEY_BACKSPACE }, { "\x08", KEY_BACKSPACE }, { "\x03", 3 },
                { "\x1b[A", KEY_UP }, { "\x1bOA", KEY_UP }, { "\x1b[B", KEY_DOWN }, { "\x1b[C", KEY_RIGHT }, { "\x1b[D", KEY_LEFT },
                { "\x1b[H", KEY_HOME }, { "\x1b[1~", KEY_HOME }, { "\x1b[7~", KEY_HOME }, { "\x1bOF", KEY_END }, { "\x1b[4~", KEY_END },
                { "\x1b[5~", KEY_PAGE_UP }, { "\x1b[6~", KEY_PAGE_DOWN }, { "\x1b[6;5~", KEY_PAGE_DOWN }, { "\x1b[1;5A", KEY_UP },
                { "\x1b[15~", KEY_OTHER }, { "\x1b[[A", KEY_OTHER }, { "\x1bOP", KEY_OTHER }, { "\x1bx", KEY_OTHER },
                { "\x1b[999999999999999999999999999999~", KEY_OTHER }, { "\xc3\xa4", 0xe4 }, { "\xe2\x80\xa6", 0x2026 },
                { "\xf0\x9f\x98\x80", 0x1f600 },
        };

        (void) state;
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                KeyReader k = {};
                uint32_t got[64] = {};

                assert_int_equal(feed(&k, keys[i].bytes, got), 1);
                assert_int_equal(got[0], keys[i].key);
                assert_false(key_begun(&k));
        }
}

/* Escape by itself is known by what does not follow, and does not take what follows with it. */
static void escape_by_itself(void **state) {
        KeyReader k = {};
        uint32_t got[8] = {};

        (void) state;
        assert_int_equal(feed(&k, "\x1b", got), 0);
        assert_true(key_begun(&k));
        assert_int_equal(key_give_up(&k), KEY_ESCAPE);
        assert_false(key_begun(&k));
        assert_int_equal(feed(&k, "\x1b\x1b[A", got), 2);
        assert_int_equal(got[0], KEY_ESCAPE);
        assert_int_equal(got[1], KEY_UP);
        assert_int_equal(feed(&k, "\x1b[5", got), 0);
        assert_int_equal(key_give_up(&k), KEY_NONE);
        assert_int_equal(feed(&k, "\x1b[\x03", got), 1);
        assert_int_equal(got[0], 3);
}

static void bytes_that_are_no_key(void **state) {
        static const char *const bad[] = { "\x80", "\xc3q", "\xc0\xaf", "\xff\xfe", "\xe2\x80q" };

        (void) state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                KeyReader k = {};
                uint32_t got[8] = {};
                size_t n = feed(&k, bad[i], got);

                assert_true(n == 0 || (n == 1 && got[0] == 'q'));
                assert_false(key_begun(&k));
        }
        for (unsigned seed = 0; seed < 200000; seed++) { /* whatever comes, ^C is one afterwards */
                KeyReader k = {};

                srand(seed);
                for (int i = 0; i < 12; i++)
                        (void) key_feed(&k, (char) rand());
                assert_int_equal(key_feed(&k, 3), 3);
        }
}

/* ---- figures made up ---- */

static TopRow row(const char *name, uint64_t cpu, uint64_t memory) {
        return (TopRow){
                .name = (char *) name, .os = (char *) "Debian GNU/Linux 12 (bookworm)", .state = "running", .real_state = "running",
                .uptime_usec = 3723 * UINT64_C(1000000), .cpu = cpu, .memory = memory, .memory_max = UINT64_C(1) << 30,
                .memory_percent = 1234, .io_read = 1500, .io_write = FIGURE_UNKNOWN, .net_in = 0, .net_out = 999, .tasks = 42,
                .tasks_max = 100, .pressure = { 1234, 0, 10000 },
        };
}

static TopSample sample(TopRow *rows, size_t n) {
        return (TopSample){
                .taken_usec = 1, .interval_usec = 2000000, .rows = rows, .n = n, .host_cpu = 12345,
                .host = { .cpus = 2, .memory = UINT64_C(16) << 30, .memory_available = UINT64_C(12) << 30, .swap = UINT64_C(2) << 30,
                          .swap_free = UINT64_C(2) << 30, .load = { 102, 88, 71 }, .cpu_pressure = 120, .memory_pressure = 0,
                          .io_pressure = FIGURE_UNKNOWN },
        };
}

static TopView view(size_t width, size_t height) {
        return (TopView){ .width = width, .height = height, .style = { .utf8 = true }, .sort = SORT_CPU, .interval_usec = 2000000 };
}

static void figures_as_text(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } sizes[] = {
                { 0, "0" }, { 1, "1B" }, { 999, "999B" }, { 1000, "1.0K" }, { 1024, "1.0K" }, { 1536, "1.5K" }, { 1023897, "999.9K" },
                { 1024 * 1024, "1.0M" }, { 999 * 1024, "999.0K" }, { 1000 * 1024, "1.0M" }, { UINT64_C(5) << 40, "5.0T" },
                { UINT64_MAX - 1, "16.0E" }, { FIGURE_UNKNOWN, "-" },
        };
        char buf[TOP_CELL];

        (void) state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                assert_string_equal(top_bytes_text(sizes[i].bytes, buf), sizes[i].text);
        assert_string_equal(top_percent_text(0, buf), "0.0");
        assert_string_equal(top_percent_text(10345, buf), "103.5");
        assert_string_equal(top_percent_text(1234567, buf), "12346");
        assert_string_equal(top_percent_text(FIGURE_UNKNOWN, buf), "-");
        assert_string_equal(top_age_text(59 * UINT64_C(1000000), buf), "59s");
        assert_string_equal(top_age_text(3723 * UINT64_C(1000000), buf), "1h02m");
        assert_string_equal(top_age_text(90000 * UINT64_C(1000000), buf), "1d01h");
        assert_string_equal(top_age_text(200 * 86400 * UINT64_C(1000000), buf), "200d");
        assert_string_equal(top_age_text(FIGURE_UNKNOWN, buf), "-");
}

static void order_of_machines(void **state) {
        TopRow rows[] = { row("b", 0, 5), row("a", 0, 7), row("unknown", FIGURE_UNKNOWN, FIGURE_UNKNOWN), row("most", 500, 6) };
        const TopRow *p[] = { &rows[0], &rows[1], &rows[2], &rows[3] };

        (void) state;
        top_order(p, 4, SORT_CPU, false);
        assert_string_equal(p[0]->name, "most");
        assert_string_equal(p[1]->name, "a");
        assert_string_equal(p[2]->name, "b");
        assert_string_equal(p[3]->name, "unknown");
        top_order(p, 4, SORT_CPU, true);
        assert_string_equal(p[0]->name, "a");
        assert_string_equal(p[2]->name, "most");
        assert_string_equal(p[3]->name, "unknown");
        top_order(p, 4, SORT_MEMORY, false);
        assert_string_equal(p[0]->name, "a");
        top_order(p, 4, SORT_NAME, true);
        assert_string_equal(p[0]->name, "unknown");
        for (int s = 0; s < _SORTS; s++)
                assert_int_equal(top_sort_from_word(top_sort_word((TopSort) s)), s);
        assert_int_equal(top_sort_from_word("nonsense"), SORT_NONE);
}

static size_t columns_at(size_t width) {
        TopLayout layout = top_layout(width, NULL, 0);
        size_t n = 0, taken = 0;

        for (int c = 0; c < _COLUMNS; c++) {
                n += layout.widths[c] > 0;
                taken += layout.widths[c] > 0 ? layout.widths[c] + (c > 0) : 0;
        }
        assert_true(taken <= width);
        return n;
}

static void a_wider_terminal_has_all_that_a_narrower_one_has(void **state) {
        size_t before = 0;

        (void) state;
        for (size_t width = 1; width < 300; width++) {
                size_t n = columns_at(width);

                assert_true(n >= before);
                before = n;
        }
        assert_int_equal(before, _COLUMNS);
        assert_int_equal(columns_at(5), 1);
        assert_int_equal(columns_at(80), 10);
}

/* ---- screens ---- */

static void make(TopView *v, TopSample *s, TopScreen *ret) {
        assert_int_equal(top_view_take(v, s), 0);
        top_view_fit(v, v->width, v->height);
        assert_int_equal(top_screen_make(v, s, ret), 0);
}

static void a_screen_of_80_columns(void **state) {
        static const char *const lines[] = {
                "Machines  2: 2 running                                          by cpu, every 2s",
                "CPU       123.5% of 200%, machines 103.5%   load 1.02 0.88 0.71",
                "Memory    4.0G of 16.0G, machines 105.0M   swap 0 of 2.0G",
                "Pressure  cpu 1.20%, memory 0.00%, io -",
                "NAME            STATE       CPU% MEMORY  MEM% READ/S WRITE/S   IN/S  OUT/S TASKS",
                "web             running    103.5 100.0M  12.3   1.5K       -      0   999B    42",
                "a-machine-with… running        -   5.0M  12.3   1.5K       -      0   999B    42",
        };
        TopRow rows[] = { row("a-machine-with-a-long-name", FIGURE_UNKNOWN, 5 << 20), row("web", 10345, 100 << 20) };
        TopSample s = sample(rows, 2);
        TopView v = view(80, 24);
        TopScreen screen;

        (void) state;
        make(&v, &s, &screen);
        assert_int_equal(screen.n, 24);
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                assert_string_equal(screen.lines[i], lines[i]);
        top_screen_done(&screen);
        v.style.utf8 = false;
        make(&v, &s, &screen);
        assert_non_null(strstr(screen.lines[6], "a-machine-with~ running"));
        top_screen_done(&screen);
        top_view_done(&v);
}

/* None has more lines than the terminal, nor longer ones, whatever is shown on it. */
static void screens_of_all_sizes(void **state) {
        static const uint32_t keys[] = { 0, KEY_DOWN, '/', KEY_ESCAPE, 'd', KEY_ESCAPE, 'f', 'n', 'h', KEY_PAGE_DOWN, 'q', KEY_END, 'm' };
        TopRow rows[30];
        char names[30][16];
        TopSample s;

        (void) state;
        for (size_t i = 0; i < 30; i++) {
                snprintf(names[i], sizeof(names[i]), "m%zu", i);
                rows[i] = row(names[i], i * 100, i << 20);
        }
        s = sample(rows, 30);
        for (size_t width = 1; width < 220; width += width < 50 ? 1 : 17)
                for (size_t height = 1; height < 60; height += height < 15 ? 1 : 9) {
                        TopView v = view(width, height);

                        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
                                TopScreen screen;

                                (void) top_view_key(&v, keys[k]);
                                make(&v, &s, &screen);
                                assert_true(screen.n <= height);
                                for (size_t i = 0; i < screen.n; i++) {
                                        assert_true(string_columns(screen.lines[i], strlen(screen.lines[i])) <= width);
                                        assert_int_equal(string_columns(screen.lines[i], strlen(screen.lines[i])), screen.columns[i]);
                                }
                                top_screen_done(&screen);
                        }
                        top_view_done(&v);
                }
}

static void what_a_guest_says_is_plain(void **state) {
        TopRow rows[] = { row("web", 0, 0) };
        TopSample s = sample(rows, 1);
        TopView v = view(200, 24);
        TopScreen screen;

        (void) state;
        rows[0].os = (char *) "ü evil\x1b[2J\xc2\x9b\x9b 日本 \xff and so on";
        make(&v, &s, &screen);
        assert_non_null(strstr(screen.lines[5], "ü evil?[2J?? ?? ? "));
        top_screen_done(&screen);
        v.style.utf8 = false;
        make(&v, &s, &screen);
        assert_non_null(strstr(screen.lines[5], "? evil?[2J?? ?? ? "));
        top_screen_done(&screen);
        top_view_done(&v);
}

/* ---- keys on a view ---- */

static void the_chosen_machine_is_followed(void **state) {
        TopRow rows[] = { row("a", 300, 1), row("b", 200, 2), row("c", 100, 3) }, fewer[] = { row("a", 300, 1), row("b", 200, 2) };
        TopSample s = sample(rows, 3), later = sample(fewer, 2);
        TopView v = view(80, 24);

        (void) state;
        assert_int_equal(top_view_take(&v, &s), 0);
        assert_null(top_view_chosen(&v));
        assert_int_equal(top_view_key(&v, KEY_ENTER), ACT_NONE);
        (void) top_view_key(&v, KEY_END);
        assert_string_equal(top_view_chosen(&v)->name, "c");
        assert_int_equal(top_view_key(&v, 'm'), ACT_DRAW);
        assert_string_equal(top_view_chosen(&v)->name, "c");
        assert_int_equal(v.at, 0);
        assert_int_equal(top_view_key(&v, KEY_ENTER), ACT_STATUS);
        (void) top_view_key(&v, 'c');
        assert_int_equal(top_view_take(&v, &later), 0); /* it has gone */
        assert_string_equal(top_view_chosen(&v)->name, "b");
        (void) top_view_key(&v, KEY_ESCAPE);
        assert_null(top_view_chosen(&v));
        top_view_done(&v);
}

static void freezing_is_asked_for_and_thawing_is_not(void **state) {
        TopRow rows[] = { row("a", 300, 1) };
        TopSample s = sample(rows, 1);
        TopView v = view(80, 24);

        (void) state;
        assert_int_equal(top_view_take(&v, &s), 0);
        assert_int_equal(top_view_key(&v, 'f'), ACT_DRAW);
        assert_non_null(strstr(v.message, "Choose"));
        (void) top_view_key(&v, KEY_DOWN);
        assert_int_equal(top_view_key(&v, 'f'), ACT_DRAW);
        assert_int_equal(top_view_key(&v, 'n'), ACT_DRAW);
        assert_int_equal(v.mode, MODE_TABLE);
        (void) top_view_key(&v, 'f');
        assert_int_equal(top_view_key(&v, 'y'), ACT_FREEZE);
        rows[0].mood = MOOD_FROZEN;
        assert_int_equal(top_view_key(&v, 'f'), ACT_FREEZE);
        top_view_done(&v);
}

static void a_filter_is_typed(void **state) {
        TopRow rows[] = { row("web1", 300, 1), row("WEB2", 200, 2), row("db", 100, 3) };
        TopSample s = sample(rows, 3);
        TopView v = view(80, 24);

        (void) state;
        (void) top_view_key(&v, '/');
        for (const char *p = "webq"; *p; p++)
                assert_int_equal(top_view_key(&v, (unsigned char) *p), ACT_FILTER);
        assert_int_equal(top_view_key(&v, KEY_BACKSPACE), ACT_FILTER);
        assert_int_equal(top_view_key(&v, KEY_ENTER), ACT_DRAW);
        assert_int_equal(top_view_take(&v, &s), 0);
        assert_int_equal(v.n_rows, 2);
        (void) top_view_key(&v, '/');
        (void) top_view_key(&v, 'x');
        assert_int_equal(top_view_key(&v, KEY_ESCAPE), ACT_FILTER);
        assert_string_equal(v.filter, "web");
        assert_int_equal(top_view_key(&v, KEY_ESCAPE), ACT_FILTER);
        assert_string_equal(v.filter, "");
        (void) top_view_key(&v, '/');
        for (int i = 0; i < 1000; i++)
                (void) top_view_key(&v, 'x');
        assert_int_equal(strlen(v.filter), TYPED_MAX);
        top_view_done(&v);
}

static void the_interval_is_typed_or_stepped(void **state) {
        static const char *const bad[] = { "", "0", "0.05", "3601", "-1", "x", "1.x", "9999999.5", "infinity" };
        TopView v = view(80, 24);
        uint64_t usec = 0;

        (void) state;
        assert_int_equal(top_interval_parse("0.5", &usec), 0);
        assert_int_equal(usec, 500000);
        assert_int_equal(top_interval_parse("1min", &usec), 0);
        assert_int_equal(usec, 60000000);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_true(top_interval_parse(bad[i], &usec) < 0);
        assert_int_equal(top_view_key(&v, '+'), ACT_SAMPLE);
        assert_int_equal(v.interval_usec, 3000000);
        (void) top_view_key(&v, '-');
        (void) top_view_key(&v, '-');
        assert_int_equal(v.interval_usec, 1000000);
        for (int i = 0; i < 20; i++)
                (void) top_view_key(&v, '-');
        assert_int_equal(v.interval_usec, 250000);
        (void) top_view_key(&v, 'd');
        (void) top_view_key(&v, '7');
        assert_int_equal(top_view_key(&v, KEY_ENTER), ACT_SAMPLE);
        assert_int_equal(v.interval_usec, 7000000);
        (void) top_view_key(&v, 'd');
        (void) top_view_key(&v, '0');
        assert_int_equal(top_view_key(&v, KEY_ENTER), ACT_DRAW);
        assert_int_equal(v.interval_usec, 7000000);
        assert_non_null(strstr(v.message, "no time"));
        top_view_done(&v);
}

static void the_order_is_moved(void **state) {
        TopView v = view(80, 24);

        (void) state;
        (void) top_view_key(&v, '>');
        assert_int_equal(v.sort, SORT_MEMORY);
        (void) top_view_key(&v, KEY_LEFT);
        (void) top_view_key(&v, '<');
        assert_int_equal(v.sort, SORT_STATE);
        for (int i = 0; i < 20; i++)
                (void) top_view_key(&v, '>');
        assert_int_equal(v.sort, SORT_TASKS); /* the last that 80 columns have */
        (void) top_view_key(&v, 'u');
        assert_int_equal(v.sort, SORT_UPTIME);
        assert_int_equal(top_view_key(&v, 'r'), ACT_DRAW);
        assert_true(v.reverse);
        top_view_done(&v);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_of_terminals),
                cmocka_unit_test(escape_by_itself),
                cmocka_unit_test(bytes_that_are_no_key),
                cmocka_unit_test(figures_as_text),
                cmocka_unit_test(order_of_machines),
                cmocka_unit_test(a_wider_terminal_has_all_that_a_narrower_one_has),
                cmocka_unit_test(a_screen_of_80_columns),
                cmocka_unit_test(screens_of_all_sizes),
                cmocka_unit_test(what_a_guest_says_is_plain),
                cmocka_unit_test(the_chosen_machine_is_followed),
                cmocka_unit_test(freezing_is_asked_for_and_thawing_is_not),
                cmocka_unit_test(a_filter_is_typed),
                cmocka_unit_test(the_interval_is_typed_or_stepped),
                cmocka_unit_test(the_order_is_moved),
        };

        (void) setlocale(LC_CTYPE, "C.UTF-8");
        return cmocka_run_group_tests(tests, NULL, NULL);
}
